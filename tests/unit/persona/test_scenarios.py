"""Scenarios: files that ship, mistakes in others, what gets into the prompt, and how much of it into a token."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from malbeot.call import CallRequest
from malbeot.persona import Caller, PersonaError, load_personas, render_system
from malbeot.personas.prose import clean_line
from malbeot.scenario import (
    MAX_ABOUT,
    MAX_BACKGROUND,
    MAX_SITUATION,
    Scenario,
    ScenarioFile,
    chosen_scenario,
    load_scenarios,
)
from malbeot.web.tokens import issue
from support.command import malbeot

PROMPTS = Path(__file__).parents[3] / "prompts"
PERSONAS = load_personas(PROMPTS)
SCENARIOS = load_scenarios(PROMPTS)
NOON = datetime(2026, 11, 24, 12)
FALL = """\
id: fall
title: After a fall
about: Ada is ninety.
situation: She fell.
"""


def prompt(language: str, scenario: Scenario | None) -> str:
    return render_system(PERSONAS[language], Caller("Rose", "inbound"), NOON, scenario)


@pytest.fixture
def fall(prompts: Path) -> Path:
    (prompts / "scenarios").mkdir()
    file = prompts / "scenarios" / "fall.yaml"
    file.write_text(FALL)
    return file


def test_there_are_some_in_both_languages() -> None:
    assert {scenario.language for scenario in SCENARIOS.values()} == {"ko", "en"}
    assert len(SCENARIOS) >= 6


@pytest.mark.parametrize("file", SCENARIOS.values(), ids=SCENARIOS)
def test_every_word_of_it_stands_in_the_prompt(file: ScenarioFile) -> None:
    assert file.language
    told = prompt(file.language, file.scenario)
    assert all(words in told for words in (file.about, file.situation, file.background))
    without = prompt(file.language, None)
    lines = told.splitlines()
    (added,) = [number for number, line in enumerate(lines) if line not in without.splitlines()]
    assert [*lines[:added], *lines[added + 1 :]] == without.splitlines()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_empty_one_adds_nothing(language: str) -> None:
    assert prompt(language, Scenario()) == prompt(language, None)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<|>[]{}\n\u202e\u3164｜"))))
def test_no_special_token_template_or_line_gets_through(text: str) -> None:
    cleaned = clean_line(text)
    assert not set(cleaned) & set("<>[]{}|｜\\\n\r\t\u2028\u202e\u3164\x00")
    assert cleaned == clean_line(cleaned)
    assert "  " not in cleaned


def test_what_people_write_stays() -> None:
    for text in ('일흔여덟 살, "버스 기사"셨습니다.', "It's 5°C; she's 80 (or 81) & well!", "José — 👩‍🌾 farmer"):
        assert clean_line(text) == text


def test_a_long_one_is_refused_and_not_cut() -> None:
    with pytest.raises(ValidationError, match="at most 200 characters"):
        Scenario(situation="가" * 201)


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "reason"),
    [
        ("situation: She fell.\n", "", 1, "situation", "is missing; add 'situation:'"),
        ("about:", "abuot:", 3, "abuot", "is not a field of a scenario; did you mean 'about'?"),
        ("about: Ada is ninety.", f"about: {'x' * 101}", 3, "about", "must be at most 100 characters long"),
        ("situation: She fell.", "situation: 7", 4, "situation", "must be text, but is a number (7)"),
        ("id: fall", "id: After a fall", 1, "id", "should match pattern"),
    ],
)
def test_mistakes_name_file_line_and_field(
    prompts: Path, fall: Path, old: str, new: str, line: int, field: str, reason: str
) -> None:
    fall.write_text(FALL.replace(old, new))
    with pytest.raises(PersonaError) as error:
        load_scenarios(prompts)
    assert (error.value.path, error.value.line, error.value.field) == (fall, line, field)
    assert reason in error.value.reason


def test_an_id_stands_once_and_no_folder_is_no_mistake(
    prompts: Path, fall: Path, edit: Callable[[str, str, str], Path]
) -> None:
    (fall.parent / "again.yaml").write_text(FALL)
    with pytest.raises(PersonaError, match="'fall' is already the id"):
        load_scenarios(prompts)
    assert load_scenarios(prompts / "personas") == {}


def test_choosing() -> None:
    told = Scenario(about="Ada.")
    assert chosen_scenario(None, SCENARIOS, language="ko") is None
    assert chosen_scenario(told, SCENARIOS, language="ko") == told
    assert chosen_scenario("new-widow-ko", SCENARIOS, language="ko") == SCENARIOS["new-widow-ko"].scenario
    with pytest.raises(LookupError, match="there is none with this id; there are after-a-fall-en"):
        chosen_scenario("nobody", SCENARIOS, language="ko")


def test_the_longest_one_travels_in_the_token_of_a_call() -> None:
    longest = Scenario(about="가" * MAX_ABOUT, situation="나" * MAX_SITUATION, background="다" * MAX_BACKGROUND)
    request = CallRequest(name="라" * 40, language="ko", scenario=longest)
    assert CallRequest.from_metadata(request.model_dump_json()) == request
    # The token is part of the address that a client connects to, and proxies take 8 KB of that.
    assert len(issue(request, api_key="key", api_secret="s" * 40).token) < 7000


def spoil(file: Path) -> None:
    file.write_text(FALL.replace("title", "titel"))


async def test_the_command_prints_and_checks_them(prompts: Path, fall: Path) -> None:
    env = {"MALBEOT_PROMPTS": str(prompts)}
    shown = await malbeot("prompts", "--scenario", "after-a-fall-ko", env={})
    assert "박정호" in shown.out
    assert "=== en" not in shown.out
    listed = await malbeot("prompts", env=env)
    assert "=== scenario fall: After a fall" in listed.out
    unknown = await malbeot("prompts", "--scenario", "nobody", env=env)
    assert (unknown.status, unknown.complaint) == (2, "malbeot: there is no scenario nobody: there are fall")
    spoil(fall)
    broken = await malbeot("prompts", env=env)
    assert broken.status == 2
    assert "fall.yaml:2: titel: is not a field of a scenario" in broken.complaint
