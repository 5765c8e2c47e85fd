"""Scenarios: whom the companion talks with, and what is going on there. Files in `prompts/scenarios/`, or a request's.

A scenario says what the companion knows before the first word. It stands in the system prompt, so it is short: a long
one delays the first word of every answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from malbeot.personas.fields import Identifier, StrictModel, Text
from malbeot.personas.prose import clean_line
from malbeot.personas.source import Source
from malbeot.personas.validate import files, validated

MAX_ABOUT = 100  # characters, as the others
MAX_SITUATION = 200
MAX_BACKGROUND = 300


def _at_most(longest: int) -> AfterValidator:
    def clean(text: str) -> str:
        # What is far too long is not cleaned: composing takes the square of what marks in a row there are.
        if len(text) <= 4 * longest:
            text = clean_line(text)
        if len(text) > longest:
            raise PydanticCustomError("long_prose", "must be at most {longest} characters long", {"longest": longest})
        return text

    return AfterValidator(clean)


class Scenario(StrictModel):
    """Plain sentences, each on one line and cleaned (`clean_line`); "" where nothing is known."""

    about: Annotated[str, _at_most(MAX_ABOUT)] = ""
    """Who the caller is."""
    situation: Annotated[str, _at_most(MAX_SITUATION)] = ""
    """What is going on now."""
    background: Annotated[str, _at_most(MAX_BACKGROUND)] = ""
    """What came before, and what else helps to understand them."""

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.about or self.situation or self.background)


class ScenarioFile(StrictModel):
    """What a file in `prompts/scenarios/` holds. Without `language` it fits any persona."""

    id: Identifier
    title: Text
    """One line for people, who choose by it."""
    language: Text | None = None
    about: Annotated[Text, _at_most(MAX_ABOUT)]
    situation: Annotated[Text, _at_most(MAX_SITUATION)]
    background: Annotated[str, _at_most(MAX_BACKGROUND)] = ""

    @property
    def scenario(self) -> Scenario:
        """What the companion is told."""
        return Scenario(about=self.about, situation=self.situation, background=self.background)


def load_scenarios(prompts: Path) -> dict[str, ScenarioFile]:
    """The scenarios of `prompts/scenarios/*.yaml` by id; none where there is no such folder.

    Raises PersonaError, whose text is one line, for the first mistake.
    """
    folder = prompts / "scenarios"
    if not folder.exists():
        return {}
    scenarios: dict[str, ScenarioFile] = {}
    places: dict[str, Path] = {}
    for path in files(folder, "scenario", "quiet-afternoon-en.yaml"):
        source = Source.read(path)
        found = validated(source, ScenarioFile, "scenario")
        if found.id in scenarios:
            raise source.error(("id",), f"{found.id!r} is already the id in {places[found.id]}; choose another")
        scenarios[found.id], places[found.id] = found, path
    return scenarios


def _one_of_both(value: Any, _: ValidatorFunctionWrapHandler) -> Scenario | str | None:
    # By its kind, so that a mistake is told in the words of one of them.
    return value if value is None or isinstance(value, str) else Scenario.model_validate(value)


ScenarioChoice = Annotated[Scenario | str | None, WrapValidator(_one_of_both)]
"""In requests: a scenario, or the id of a file."""


def chosen_scenario(
    choice: Scenario | str | None, known: Mapping[str, ScenarioFile], *, language: str
) -> Scenario | None:
    """The scenario itself, for a companion who speaks `language`.

    Raises `LookupError`, whose text is one line, for an id that nobody has, and for a file in another language.
    """
    if not isinstance(choice, str):
        return choice
    if choice not in known:
        raise LookupError(f"scenario: there is none with this id; there are {', '.join(known) or 'none'}")
    found = known[choice]
    if found.language not in (None, language):
        raise LookupError(f"scenario: it is in {found.language}, and the companion speaks {language}; choose another")
    return found.scenario
