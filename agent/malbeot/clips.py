"""Phrases spoken before they are needed: the apology that is heard when the voice server is not there.

A clip is rendered once by the persona's own voice, or by the stand-in where that does not answer,
and kept in the cache under a name made from its words and voice. Where neither can speak, a soft
chime is played: a caller never hears silence.
"""

import asyncio
import contextlib
import hashlib
import sys
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, utils

from malbeot.log import logger
from malbeot.persona import Persona
from malbeot.providers import create_tts
from malbeot.settings import Settings
from malbeot_local import models as local_models
from malbeot_local.cache import Cache
from malbeot_local.errors import LocalError

_FRAME_S = 0.1
_RENDER_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Clip:
    """Mono speech: `samples` is int16 of shape (n,), `rate` in samples a second."""

    samples: np.ndarray
    rate: int

    def frames(self) -> Iterator[rtc.AudioFrame]:
        """The clip as LiveKit takes it, a tenth of a second a frame."""
        step = int(self.rate * _FRAME_S)
        for start in range(0, len(self.samples), step):
            part = self.samples[start : start + step]
            yield rtc.AudioFrame(part.tobytes(), self.rate, 1, len(part))


def chime() -> Clip:
    """Two soft falling notes of 0.35 s: what is left to hear when nothing can speak."""
    rate, length_s = 24000, 0.35
    time = np.arange(int(rate * length_s)) / rate
    notes = [np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time) for pitch in (660.0, 523.25)]
    return Clip((np.concatenate(notes) * 8000).astype(np.int16), rate)


def apology_file(settings: Settings, persona: Persona, *, stand_in: bool = False) -> Path:
    """Where the persona's apology is kept, as spoken by its own voice or by the stand-in."""
    speaker = "stand-in" if stand_in else f"{settings.tts_provider} {settings.gpt_sovits_url}"
    key = "\0".join([speaker, persona.voice.model_dump_json(), persona.phrases.voice_failed])
    return Cache(settings.malbeot_cache).clips / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"


def load_apology(settings: Settings, persona: Persona) -> Clip:
    """The prepared clip, or the chime where there is none."""
    for stand_in in (False, True):
        path = str(apology_file(settings, persona, stand_in=stand_in))
        with contextlib.suppress(OSError, EOFError, wave.Error), wave.open(path) as file:
            return Clip(np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate())
    return chime()


async def prepare_apology(settings: Settings, persona: Persona) -> None:
    """Renders the clip unless it is there already. A failure is logged: the call can go on without it."""
    own, substitute = apology_file(settings, persona), apology_file(settings, persona, stand_in=True)
    if own.exists():
        return
    text, cache = persona.phrases.voice_failed, Cache(settings.malbeot_cache)
    try:
        try:
            with cache.store(own) as temporary:
                await _speak(settings, persona, text, temporary)
        except (APIError, TimeoutError):
            if not substitute.exists():
                with cache.store(substitute) as temporary:
                    await _speak_with_stand_in(settings, persona, text, temporary)
    except LocalError as error:
        logger.warning("no apology clip for persona %s, a chime will stand for it: %s", persona.id, error)


async def _speak(settings: Settings, persona: Persona, text: str, path: Path) -> None:
    once = APIConnectOptions(max_retry=0, timeout=_RENDER_TIMEOUT_S)
    async with utils.http_context.open(), create_tts(settings, persona) as voice:
        frame = await asyncio.wait_for(voice.synthesize(text, conn_options=once).collect(), _RENDER_TIMEOUT_S)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(frame.num_channels)
        file.setsampwidth(2)
        file.setframerate(frame.sample_rate)
        file.writeframes(bytes(frame.data))


async def _speak_with_stand_in(settings: Settings, persona: Persona, text: str, path: Path) -> None:
    piper = local_models.piper_joe(Cache(settings.malbeot_cache))
    command = [sys.executable, "-m", "malbeot_local.standin", "say", "--lang", persona.language]
    command += ["--piper-voice", str(piper), "--out", str(path), "-"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(text.encode()), _RENDER_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise LocalError(f"the stand-in voice did not finish within {_RENDER_TIMEOUT_S:.0f} s") from None
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
        raise LocalError(f"the stand-in voice failed: {lines[-1]}")
