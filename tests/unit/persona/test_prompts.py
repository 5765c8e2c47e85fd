"""The prompts that ship: they load, carry what they must, and every word of them is in `prompts/`."""

import pickle
import re
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from malbeot.persona import Caller, check, load_personas, render_greeting, render_system

ROOT = Path(__file__).parents[3]
PROMPTS = ROOT / "prompts"
PERSONAS = load_personas(PROMPTS)
EVENING = datetime(2026, 11, 24, 19, 34)
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def test_both_personas_are_there_without_findings() -> None:
    assert {persona.id: persona.language for persona in PERSONAS.values()} == {"ko": "ko", "en": "en"}
    assert check(PROMPTS) == []


def test_english_prompt_holds_person_time_and_direction() -> None:
    prompt = render_system(PERSONAS["en"], Caller("Margaret", "inbound"), EVENING)
    assert "It is Tuesday, November twenty-fourth, about half past seven in the evening. Margaret called you." in prompt
    assert "You called Margaret." in render_system(PERSONAS["en"], Caller("Margaret", "outbound"), EVENING)


def test_korean_prompt_holds_person_time_and_direction() -> None:
    prompt = render_system(PERSONAS["ko"], Caller("김영희", "inbound"), EVENING)
    assert "지금은 십일월 이십사일 화요일, 저녁 일곱 시 반입니다. 김영희 어르신께서 전화를 거셨습니다." in prompt
    outbound = render_system(PERSONAS["ko"], Caller("김영희", "outbound"), EVENING)
    assert "김영희 어르신께 안부 전화를 드렸습니다." in outbound


def test_english_prompt_is_compact() -> None:
    # SmolLM2's tokenizer makes one token of about four characters here: 1200 characters are 300 tokens.
    assert len(render_system(PERSONAS["en"], Caller("Margaret", "outbound"), EVENING)) <= 1400


def test_greetings() -> None:
    en, ko = PERSONAS["en"], PERSONAS["ko"]
    assert render_greeting(en, Caller("Margaret", "inbound"), EVENING).startswith(
        "Good evening, Margaret. This is June."
    )
    assert render_greeting(en, Caller("", "outbound"), EVENING).startswith("Good evening. This is June. I was thinking")
    assert render_greeting(ko, Caller("김영희", "inbound"), EVENING).startswith(
        "안녕하세요, 김영희 어르신. 말벗 다솜이에요."
    )
    assert render_greeting(ko, Caller("", "outbound"), EVENING).startswith("안녕하세요, 어르신. 말벗 다솜이에요.")
    for direction in ("inbound", "outbound"):
        again = [render_greeting(one, Caller("A", direction), EVENING, again=True) for one in (en, ko)]
        assert again[0].startswith("Hello again, A. It is June.")
        assert again[1].startswith("A 어르신, 다시 반가워요.")


def test_who_has_no_other_greeting_for_a_call_that_goes_on_greets_as_always() -> None:
    greeting = PERSONAS["en"].greeting.model_copy(update={"again": None})
    june = PERSONAS["en"].model_copy(update={"greeting": greeting})
    always = render_greeting(june, Caller("Ann", "outbound"), EVENING)
    assert render_greeting(june, Caller("Ann", "outbound"), EVENING, again=True) == always


@pytest.mark.parametrize(
    ("hour", "minute", "clock", "hello"),
    [
        (0, 0, "about twelve o'clock in the night", "Hello"),
        (9, 4, "about nine o'clock in the morning", "Good morning"),
        (11, 55, "about five to twelve in the morning", "Good morning"),
        (12, 15, "about quarter past twelve in the afternoon", "Good afternoon"),
        (18, 30, "about half past six in the evening", "Good evening"),
        (23, 45, "about quarter to twelve in the night", "Hello"),
    ],
)
def test_english_clock(hour: int, minute: int, clock: str, hello: str) -> None:
    now = EVENING.replace(hour=hour, minute=minute)
    assert clock in render_system(PERSONAS["en"], Caller("Ann", "inbound"), now)
    assert render_greeting(PERSONAS["en"], Caller("Ann", "inbound"), now).startswith(f"{hello}, Ann.")


@pytest.mark.parametrize(
    ("hour", "minute", "clock"),
    [
        (0, 5, "밤 열두 시 오 분"),
        (5, 0, "새벽 다섯 시"),
        (9, 30, "아침 아홉 시 반"),
        (15, 59, "오후 세 시 오십오 분"),
        (22, 0, "밤 열 시"),
    ],
)
def test_korean_clock(hour: int, minute: int, clock: str) -> None:
    now = EVENING.replace(hour=hour, minute=minute)
    assert f"{clock}입니다" in render_system(PERSONAS["ko"], Caller("김영희", "inbound"), now)


@pytest.mark.parametrize("text", ["일일구", "약사", "컴퓨터", "해요체"])
def test_korean_prompt_keeps_its_promises(text: str) -> None:
    assert text in render_system(PERSONAS["ko"], Caller("", "inbound"), EVENING)


@pytest.mark.parametrize("text", ["emergency number", "pharmacist", "computer voice", "one or two short"])
def test_english_prompt_keeps_its_promises(text: str) -> None:
    assert text in render_system(PERSONAS["en"], Caller("", "inbound"), EVENING)


def test_a_persona_is_frozen_and_travels_between_processes() -> None:
    persona = PERSONAS["ko"]
    with pytest.raises(ValidationError, match="frozen"):
        persona.name = "x"  # type: ignore[misc]
    copy = pickle.loads(pickle.dumps(persona))
    caller = Caller("김영희", "inbound")
    assert copy == persona
    assert render_system(copy, caller, EVENING) == render_system(persona, caller, EVENING)


def test_loaded_personas_do_not_read_the_folder_again(prompts: Path) -> None:
    persona = load_personas(prompts)["june"]
    for path in (prompts / "templates").iterdir():
        path.unlink()
    assert "You are June." in render_system(persona, Caller("Ann", "inbound"), EVENING)


def test_no_prompt_text_in_python() -> None:
    files = sorted((ROOT / "agent").rglob("*.py"))
    assert len(files) > 5
    assert [str(file) for file in files if HANGUL.search(file.read_text(encoding="utf-8"))] == []
