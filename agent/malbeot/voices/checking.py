"""`malbeot voices check`: whether every replica can speak with every voice."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from livekit.agents import utils

from malbeot import providers
from malbeot.errors import SettingsError, without_passwords
from malbeot.persona import PersonaError
from malbeot.persona_choice import prompts_folder
from malbeot.settings import Settings
from malbeot.up import probes
from malbeot.up.probes import VoiceKind
from malbeot.voice_check import voice_server
from malbeot.voices.schema import Voice
from malbeot.voices.source import load_voices, read_voice, voice_files
from malbeot.voices.trial import Trial
from malbeot_local.cache import Cache


@dataclass(frozen=True)
class Line:
    """One line of the report: all is well ("ok"), it is not known ("--"), or something is to be done ("!!")."""

    mark: Literal["ok", "--", "!!"]
    text: str


async def check(settings: Settings, *, load: bool) -> int:
    """Prints the report; 0 where no problem was found, else 1. Raises `SettingsError` where there are no voices.

    A voice is tried with a word, under the replica's lock: a call that speaks there is waited for. `load` loads the
    weights of voices that a replica does not hold; else those are not tried.
    """
    voices, lines = _read(settings)
    mixed = _mixed(voices)
    async with utils.http_context.open():
        answers = await asyncio.gather(*(probes.voice_answer(url) for url in settings.gpt_sovits_urls))
        trials = (
            _replica(settings, url, answer, voices, load=load and not mixed)
            for url, answer in zip(settings.gpt_sovits_urls, answers, strict=True)
        )
        for found in await asyncio.gather(*trials):
            lines += found
    if mixed:
        lines.append(mixed)
    # A stand-in that speaks alone needs no other in reserve.
    if {answer.kind for answer in answers} != {VoiceKind.STAND_IN}:
        lines += await _fallbacks(settings, voices)
    for line in lines:
        print(without_passwords(f"{line.mark}  {line.text}"))
    wrong = sum(line.mark == "!!" for line in lines)
    print(f"{wrong} {'problem' if wrong == 1 else 'problems'}" if wrong else "no problem was found")
    return 1 if wrong else 0


def _read(settings: Settings) -> tuple[list[Voice], list[Line]]:
    """Every voice that can be read, and a line for each that cannot."""
    prompts = prompts_folder(settings)
    voices, lines = [], []
    try:
        paths = voice_files(prompts)
    except PersonaError as error:
        raise SettingsError(str(error)) from None
    for path in paths:
        try:
            voices.append(read_voice(path)[1])
        except PersonaError as error:
            lines.append(Line("!!", str(error)))
    if not lines:
        try:
            load_voices(prompts)
        except PersonaError as error:
            lines.append(Line("!!", str(error)))
    return voices, lines


def _mixed(voices: list[Voice]) -> Line | None:
    named = [voice.id for voice in voices if voice.gpt_weights]
    unnamed = [voice.id for voice in voices if not voice.gpt_weights]
    if not named or not unnamed:
        return None
    return Line(
        "!!",
        f"voices: {', '.join(named)} with weights of their own beside {', '.join(unnamed)} without: once a replica has "
        "loaded some, nothing tells which it began with → name the weights of every voice, or of none",
    )


async def _replica(
    settings: Settings, url: str, answer: probes.VoiceAnswer, voices: list[Voice], *, load: bool
) -> list[Line]:
    if not answer.speaks:
        finding = await voice_server(url, Cache(settings.malbeot_cache))
        advice = finding.advice or "it answers just now: ask again"
        return [Line("!!", f"{finding.what}: {finding.state} → {advice}")]
    lines = []
    for voice in voices:
        trial = Trial(voice, url)
        result = await trial.run(load=load)
        what = f"voice {voice.id} on {url}"
        lines += [Line("!!", f"{what}: {problem}") for problem in result.problems]
        if not result.problems:
            lines.append(Line("ok" if result.tried else "--", f"{what}: {result.state}"))
    return lines


async def _fallbacks(settings: Settings, voices: list[Voice]) -> list[Line]:
    lines = []
    standing_in = [voice.id for voice in voices if voice.fallback == "stand-in"]
    url = settings.stand_in_url
    if standing_in and url not in settings.gpt_sovits_urls and not await probes.voice_server(url):
        what = f"fallback of {', '.join(standing_in)}: the stand-in does not answer at {url}"
        lines.append(Line("!!", f"{what} → `malbeot up` starts it, or mend STAND_IN_URL"))
    for voice in voices:
        if voice.fallback == "polly":
            try:
                providers.polly(settings, voice, f"the fallback of voice {voice.id}")
            except SettingsError as error:
                lines.append(Line("!!", str(error)))
    return lines
