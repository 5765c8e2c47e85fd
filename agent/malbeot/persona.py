"""Personas: who the companion is. The words are data in `prompts/`; here they are loaded, checked and rendered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from malbeot.personas.caller import Caller, Direction, clean_name
from malbeot.personas.errors import PersonaError
from malbeot.personas.schema import Example, Persona, Phrases
from malbeot.personas.source import Source, unsayable
from malbeot.personas.templates import Templates, TextError
from malbeot.personas.validate import did_you_mean, files, validated
from malbeot.scenario import Scenario
from malbeot.voices.schema import Voice
from malbeot.voices.source import load_voices

__all__ = [
    "Caller",
    "Direction",
    "Example",
    "Persona",
    "PersonaError",
    "Phrases",
    "Voice",
    "check",
    "clean_name",
    "load_personas",
    "render_greeting",
    "render_system",
]

# Samples that take every template through its branches: with and without a name, called and calling, through the day.
_CALLERS = [Caller(name, direction) for name, direction in product(("A", ""), ("inbound", "outbound"))]  # type: ignore[arg-type]
_MOMENTS = [datetime(2026, month, 31 - hour, hour, 7 * hour % 60) for month, hour in product((1, 12), range(24))]

_SCENARIO = Scenario(about="A", situation="B", background="C")

# A long prompt delays the first word of every answer: SmolLM2-135M on two cores reads about 700 tokens a second.
MAX_PROMPT_TOKENS = 450


def load_personas(folder: Path) -> dict[str, Persona]:
    """The personas of `folder/personas/*.yaml` by id, each bound to its voice and to `folder/templates/*.j2`.

    Each is rendered as a check. Voices are those of `folder/voices/*.yaml` or, without such a folder, Malbeot's own.

    Raises PersonaError, whose text is one line, for the first mistake.
    """
    templates = Templates.read(folder / "templates")
    templates.compile_all()
    voices = load_voices(folder)
    personas: dict[str, Persona] = {}
    places: dict[str, Path] = {}
    for path in _files(folder):
        source = Source.read(path)
        persona = validated(source, Persona, "persona")
        if persona.id in personas:
            raise source.error(("id",), f"{persona.id!r} is already the id in {places[persona.id]}; choose another")
        if persona.language not in templates.languages:
            known = ", ".join(templates.languages)
            hint = did_you_mean(persona.language, templates.languages)
            raise source.error(("language",), f"no templates for {persona.language!r}{hint}; there are: {known}")
        persona._templates = templates
        persona._spoken_by = _voice_of(persona, voices, source)
        _rehearse(persona, source)
        personas[persona.id] = persona
        places[persona.id] = path
    return personas


def render_system(persona: Persona, caller: Caller, now: datetime, scenario: Scenario | None = None) -> str:
    """The system prompt of a call. `now` is the caller's local time."""
    known = _variables(persona, caller, now) | {"scenario": scenario}
    text = persona._templates.render_text
    texts = {
        "manner": [text(line, known) for line in persona.manner],
        "rules": [text(line, known) for line in persona.rules],
        "examples": [
            {"caller": text(example.caller, known), "companion": text(example.companion, known)}
            for example in persona.examples
        ],
    }
    return persona._templates.render(f"system.{persona.language}.j2", known | texts)


def render_greeting(persona: Persona, caller: Caller, now: datetime, *, again: bool = False) -> str:
    """The first words of a call, on one line. `now` is the caller's local time; `again`: they have just talked."""
    first: str = getattr(persona.greeting, caller.direction)
    line = (again and persona.greeting.again) or first
    return persona._templates.render_text(line, _variables(persona, caller, now))


def check(folder: Path) -> list[str]:
    """Loads `folder` and returns findings that are no errors, one line each: words unfit for the ear, a long prompt.

    Raises PersonaError as `load_personas` does.
    """
    findings: list[str] = []
    personas = load_personas(folder)
    for path in _files(folder):
        source = Source.read(path)
        persona = personas[source.data["id"]]
        known = _variables(persona, _CALLERS[0], _MOMENTS[0])
        spoken = [place for place in persona.templates() if place[0][0] in ("examples", "greeting")]
        rendered = [(place, persona._templates.render_text(text, known)) for place, text in spoken]
        for place, said in [*persona.fixed(), *rendered]:
            if what := unsayable(said):
                findings.append(str(source.error(place, f"holds {what}, which a voice can not say")))
        tokens = max(_tokens(render_system(persona, caller, _MOMENTS[0])) for caller in _CALLERS)
        if tokens > MAX_PROMPT_TOKENS:
            reason = f"the system prompt has about {tokens} tokens; above {MAX_PROMPT_TOKENS} the first word comes late"
            findings.append(str(PersonaError(path, None, None, reason)))
    return findings


def _files(folder: Path) -> list[Path]:
    return files(folder / "personas", "persona", "en.yaml")


def _voice_of(persona: Persona, voices: Mapping[str, Voice], source: Source) -> Voice:
    """Raises PersonaError at the persona's `voice`."""
    if (voice := voices.get(persona.voice)) is None:
        hint = did_you_mean(persona.voice, list(voices))
        raise source.error(("voice",), f"there is no voice {persona.voice!r}{hint}; there are: {', '.join(voices)}")
    if voice.text_lang(persona.language) is None:
        spoken = ", ".join(voice.languages)
        raise source.error(("voice",), f"{voice.id!r} speaks {spoken} and not {persona.language}; choose another voice")
    return voice if persona.speed is None else voice.model_copy(update={"speed": persona.speed})


def _tokens(text: str) -> int:
    """A rough count: four characters of ASCII a token, one and a half of any other script."""
    ascii_characters = sum(char.isascii() for char in text)
    return round(ascii_characters / 4 + (len(text) - ascii_characters) / 1.5)


def _variables(persona: Persona, caller: Caller, now: datetime) -> dict[str, Any]:
    """What every template may use; the words for the moment (`part_of_day`, …) come from `time.LANGUAGE.j2`."""
    moment = persona._templates.moment(persona.language, now)
    return moment | {"name": persona.name, "person": caller.name, "direction": caller.direction, "now": now}


def _rehearse(persona: Persona, source: Source) -> None:
    """Renders everything with samples. Raises PersonaError at the persona's line or the template's."""
    known = _variables(persona, _CALLERS[0], _MOMENTS[0])
    for place, text in persona.fixed():
        if "{{" in text or "{%" in text:
            raise source.error(place, "is said as it stands and can not be a template; write the words out")
    for place, text in persona.templates():
        try:
            if found := persona._templates.undefined(text, known):
                name, line = found
                raise TextError(line, f"{name!r} is not defined{did_you_mean(name, list(known))}")
            said = [persona._templates.render_text(text, _variables(persona, c, _MOMENTS[0])) for c in _CALLERS]
        except TextError as e:
            error = source.error(place, e.reason)
            raise PersonaError(error.path, source.text_line(place, e.line), error.field, e.reason) from e
        if not all(said):
            raise source.error(place, "renders to nothing; write words for a caller without a name too")
    for caller, now in product(_CALLERS, _MOMENTS):
        render_system(persona, caller, now)
    render_system(persona, _CALLERS[0], _MOMENTS[0], _SCENARIO)
