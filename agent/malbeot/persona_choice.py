"""Which personas and voices there are, and which persona answers a call."""

from collections.abc import Mapping
from pathlib import Path

from malbeot.call import CallRequest
from malbeot.errors import SettingsError
from malbeot.persona import Persona, PersonaError, load_personas
from malbeot.resources import resource
from malbeot.scenario import ScenarioFile, load_scenarios
from malbeot.settings import Settings
from malbeot.voices.schema import Voice
from malbeot.voices.source import load_voices


def load_all(settings: Settings) -> dict[str, Persona]:
    """Every persona by id. Raises `SettingsError` naming the file, line and field of a mistake."""
    try:
        personas = load_personas(prompts_folder(settings))
    except PersonaError as error:
        raise SettingsError(str(error)) from None
    if settings.malbeot_persona != "auto" and settings.malbeot_persona not in personas:
        known = ", ".join(sorted(personas))
        raise SettingsError(f"MALBEOT_PERSONA={settings.malbeot_persona} is no persona: there are {known}")
    return personas


def all_voices(settings: Settings) -> dict[str, Voice]:
    """Every voice by id. Raises `SettingsError` naming the file, line and field of a mistake."""
    try:
        return load_voices(prompts_folder(settings))
    except PersonaError as error:
        raise SettingsError(str(error)) from None


def all_scenarios(settings: Settings) -> dict[str, ScenarioFile]:
    """Every scenario by id. Raises `SettingsError` naming the file, line and field of a mistake."""
    try:
        return load_scenarios(prompts_folder(settings))
    except PersonaError as error:
        raise SettingsError(str(error)) from None


def prompts_folder(settings: Settings) -> Path:
    """The operator's own, else the one that comes with Malbeot."""
    return settings.malbeot_prompts or resource("prompts")


def choose_persona(personas: Mapping[str, Persona], request: CallRequest, settings: Settings) -> Persona:
    """The persona asked for, else the operator's, else the first one that speaks the caller's language."""
    for wanted in (request.persona, settings.malbeot_persona):
        if wanted in personas:
            return personas[wanted]
    speaking = [persona for persona in personas.values() if persona.language == request.language]
    return (speaking or list(personas.values()))[0]
