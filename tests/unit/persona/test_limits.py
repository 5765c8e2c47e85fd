"""How long a call may last: checked, and what warns of its end is said from a clip."""

from collections.abc import Callable
from pathlib import Path

import pytest

from malbeot.clips.phrases import phrases
from malbeot.persona import PersonaError, check, load_personas

Edit = Callable[[str, str, str], Path]
JUNE = "personas/june.yaml"
LIMITS = """\
  goodbye: Goodbye.
limits:
  minutes: 30
  turns: 40
  warn_before_minutes: 2.5
  almost_over: Our time is almost over.
"""


@pytest.fixture
def june(edit: Edit) -> Path:
    """A persona whose calls end; limits begin in line 23."""
    return edit(JUNE, "  goodbye: Goodbye.\n", LIMITS)


def test_without_them_a_call_never_ends(prompts: Path) -> None:
    assert load_personas(prompts)["june"].limits is None


def test_they_are_read_and_the_warning_is_prepared(prompts: Path, june: Path, edit: Edit) -> None:
    persona = load_personas(prompts)["june"]
    assert persona.limits
    assert (persona.limits.minutes, persona.limits.turns, persona.limits.warn_before_minutes) == (30, 40, 2.5)
    assert "Our time is almost over." in phrases(persona)
    edit(JUNE, "  minutes: 30\n  turns: 40\n  warn_before_minutes: 2.5\n", "")
    persona = load_personas(prompts)["june"]
    assert persona.limits
    assert (persona.limits.minutes, persona.limits.turns, persona.limits.warn_before_minutes) == (120, 400, 5)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("minutes: 30\n", "minutes: 0\n", "24: limits.minutes: input should be greater than 0, but is a number (0)"),
        ("turns: 40", "turns: 1", "25: limits.turns: input should be greater than or equal to 2, but is a number (1)"),
        ("turns: 40", "turns: many", "25: limits.turns: "),
        ("2.5", "30", "26: limits.warn_before_minutes: must be less than 'minutes', but is a number (30)"),
        ("  almost_over: Our time is almost over.\n", "", "23: limits.almost_over: is missing; add 'almost_over:'"),
        (
            "Our time is almost over.",
            "'Bye, {{ person }}.'",
            "27: limits.almost_over: is said as it stands and can not",
        ),
    ],
)
def test_mistakes_are_one_line(prompts: Path, june: Path, edit: Edit, old: str, new: str, expected: str) -> None:
    edit(JUNE, old, new)
    with pytest.raises(PersonaError) as error:
        load_personas(prompts)
    assert str(error.value).startswith(f"{june}:{expected}")
    assert "\n" not in str(error.value)


def test_check_finds_what_a_voice_can_not_say_in_it(prompts: Path, june: Path, edit: Edit) -> None:
    edit(JUNE, "Our time is almost over.", "'*sighs*'")
    (finding,) = check(prompts)
    assert finding.startswith(f"{june}:27: limits.almost_over: holds the sign '*'")
