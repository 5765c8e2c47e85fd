"""What a persona does in silence, while it listens and before a late answer: checked, and said from clips."""

from collections.abc import Callable
from pathlib import Path

import pytest

from malbeot.clips.phrases import phrases
from malbeot.persona import Persona, PersonaError, check, load_personas
from malbeot.personas.company import Nods
from malbeot.resources import resource

Edit = Callable[[str, str, str], Path]
JUNE = "personas/june.yaml"
COMPANY = """\
  goodbye: Goodbye.
silence:
  ask_after_s: [8, 20]
  goodbye_after_s: 60
  asks: [Hello again., I am here.]
nods:
  enabled: false
  words: [I see., Right.]
thoughts:
  words: [Let me see., Well.]
"""


@pytest.fixture
def june(edit: Edit) -> Path:
    """A persona with all three; silence begins in line 23."""
    return edit(JUNE, "  goodbye: Goodbye.\n", COMPANY)


def test_a_persona_may_do_without(prompts: Path) -> None:
    persona = load_personas(prompts)["june"]
    assert (persona.silence, persona.nods, persona.thoughts) == (None, None, None)


def test_what_is_switched_off_is_not_rendered(prompts: Path, june: Path) -> None:
    said = phrases(load_personas(prompts)["june"])
    assert said[4:] == ["Hello again.", "I am here.", "Let me see.", "Well."]
    june.write_text(june.read_text().replace("enabled: false", "enabled: true"))
    assert "I see." in phrases(load_personas(prompts)["june"])


@pytest.mark.parametrize(("language", "nods"), [("en", False), ("en-GB", False), ("EN_us", False), ("ko", True)])
def test_who_speaks_english_nods_only_where_the_file_says_so(language: str, nods: bool) -> None:
    left_out = Nods(words=("I see.", "Right."))
    assert left_out.in_language(language).enabled is nods
    assert Nods(enabled=True, words=left_out.words).in_language(language).enabled
    assert Nods(enabled=False, words=left_out.words).in_language(language).enabled is False


def test_nods_are_switched_by_the_personas_language_where_they_are_not_in_the_file(
    prompts: Path, june: Path, edit: Edit
) -> None:
    edit(JUNE, "  enabled: false\n", "")
    persona = load_personas(prompts)["june"]
    assert persona.nods
    assert persona.nods.enabled is False
    assert persona.switched_off("nods")
    assert "I see." not in phrases(persona)
    korean = Persona.model_validate(
        {**persona.model_dump(exclude={"nods"}), "language": "ko", "nods": {"words": ["네.", "그래요."]}}
    )
    assert korean.nods
    assert korean.nods.enabled


def test_times_have_defaults_and_none_is_no_end(prompts: Path, june: Path, edit: Edit) -> None:
    edit(JUNE, "  ask_after_s: [8, 20]\n  goodbye_after_s: 60\n", "")
    silence = load_personas(prompts)["june"].silence
    assert silence
    assert (silence.ask_after_s, silence.ends_after_s, silence.hold_s) == ((8, 20), 60, 300)
    edit(JUNE, "silence:\n", "silence:\n  ask_after_s: []\n  goodbye_after_s: 0\n")
    silence = load_personas(prompts)["june"].silence
    assert silence
    assert (silence.ask_after_s, silence.ends_after_s) == ((), float("inf"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[8, 20]", "[20, 8]", "24: silence.ask_after_s: must rise from one time to the next, but is a list"),
        ("[8, 20]", "[0, 8]", "24: silence.ask_after_s.1: input should be greater than 0, but is a number (0)"),
        ("[8, 20]", "8", "24: silence.ask_after_s: must be a list, but is a number (8)"),
        (
            "goodbye_after_s: 60",
            "goodbye_after_s: 20",
            "25: silence.goodbye_after_s: must be later than every time of 'ask_after_s', but is a number (20)",
        ),
        ("[Hello again., I am here.]", "[Hm.]", "26: silence.asks: must hold 2 at least, and holds 1"),
        ("[Hello again., I am here.]", "[]", "26: silence.asks: must hold 2 at least, and holds 0"),
        ("  asks: [Hello again., I am here.]\n", "", "23: silence.asks: is missing; add 'asks:'"),
        ("goodbye_after_s", "goodby_after_s", "25: silence.goodby_after_s: is not a field of a persona; did you mean"),
        ("enabled: false", "enabled: often", "28: nods.enabled: "),
        ("[I see., Right.]", "[I see., '{{ name }}']", "29: nods.words.2: is said as it stands and can not be a"),
        ("thoughts:\n", "thoughts:\n  after_s: 0.1\n", "31: thoughts.after_s: input should be greater than or equal"),
        (
            "thoughts:\n",
            "thoughts:\n  late: 1\n",
            "31: thoughts.late: is not a field of a persona; the fields here are",
        ),
    ],
)
def test_mistakes_are_one_line(prompts: Path, june: Path, edit: Edit, old: str, new: str, expected: str) -> None:
    edit(JUNE, old, new)
    with pytest.raises(PersonaError) as error:
        load_personas(prompts)
    assert str(error.value).startswith(f"{june}:{expected}")
    assert "\n" not in str(error.value)


def test_check_finds_what_a_voice_can_not_say_in_them(prompts: Path, june: Path, edit: Edit) -> None:
    edit(JUNE, "[I see., Right.]", "[I see., '*nods*']")
    (finding,) = check(prompts)
    assert finding.startswith(f"{june}:29: nods.words.2: holds the sign '*'")


def test_the_personas_that_ship_keep_company() -> None:
    personas = load_personas(resource("prompts"))
    for persona in personas.values():
        assert persona.limits
        assert (persona.limits.minutes, persona.limits.turns, persona.limits.warn_before_minutes) == (120, 400, 5)
        assert persona.silence
        assert (persona.silence.ask_after_s, persona.silence.goodbye_after_s) == ((8, 20), 60)
        assert persona.thoughts
        assert persona.thoughts.enabled
    assert personas["ko"].nods
    assert personas["ko"].nods.enabled
    assert personas["en"].nods
    assert not personas["en"].nods.enabled, "people are less used to it in English"
