"""From `prompts/voices/*.yaml` to voices."""

from __future__ import annotations

from pathlib import Path

from malbeot.personas.source import Source
from malbeot.personas.validate import files, validated
from malbeot.resources import resource
from malbeot.voices.schema import Voice


def voice_files(prompts: Path) -> list[Path]:
    """The files of `prompts/voices`; of the voices that come with Malbeot where `prompts` has no such folder."""
    own = prompts / "voices"
    return files(own if own.exists() else resource("prompts") / "voices", "voice", "june.yaml")


def read_voice(path: Path) -> tuple[Source, Voice]:
    """One file, and the voice in it. Raises PersonaError for its first mistake."""
    source = Source.read(path)
    voice = validated(source, Voice, "voice")
    if problem := voice.problem():
        raise source.error((problem[0],), problem[1])
    return source, voice


def load_voices(prompts: Path) -> dict[str, Voice]:
    """Every voice by id. Raises PersonaError, whose text is one line, for the first mistake."""
    voices: dict[str, Voice] = {}
    places: dict[str, Path] = {}
    for path in voice_files(prompts):
        source, voice = read_voice(path)
        if voice.id in voices:
            raise source.error(("id",), f"{voice.id!r} is already the id in {places[voice.id]}; choose another")
        voices[voice.id], places[voice.id] = voice, path
    return voices
