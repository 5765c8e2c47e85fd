"""`malbeot voices say`: a text with a voice, as callers hear it, into a WAV file."""

import os
import time
from collections import Counter
from pathlib import Path

from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, utils

from livekit.plugins.gpt_sovits import metrics
from malbeot.errors import MalbeotError, SettingsError
from malbeot.persona_choice import all_voices
from malbeot.settings import Settings
from malbeot.voices.schema import SpeechLanguage, Voice
from malbeot.voices.speaking import TTS

_TIMEOUT_S = 60.0
"""For each wait for a server: its first words after a start take long."""


async def say(settings: Settings, name: str, text: str, *, out: Path | None, language: str) -> None:
    """Writes `out`, by default VOICE.wav here, and prints what it took. The fallback is not asked.

    Raises `MalbeotError`.
    """
    voices = all_voices(settings)
    if name not in voices:
        raise SettingsError(f"there is no voice {name}: there are {', '.join(voices)}")
    voice = voices[name]
    text_lang = _text_lang(voice, language)
    if not text.strip():
        raise SettingsError("there is nothing to say: give a text, or - and the text on standard input")
    path = out or Path(f"{name}.wav")
    _require_writable(path)
    before = _spoken()
    begun_s = time.monotonic()
    first_s, frames = 0.0, []
    once = APIConnectOptions(max_retry=0, timeout=_TIMEOUT_S)
    try:
        async with (
            utils.http_context.open(),
            TTS(voice=voice, text_lang=text_lang, urls=settings.gpt_sovits_urls) as tts,
            tts.synthesize(text, conn_options=once) as stream,
        ):
            async for audio in stream:
                first_s = first_s or time.monotonic() - begun_s
                frames.append(audio.frame)
    except APIError as error:
        raise MalbeotError(f"voice {name} did not speak: {error.message}; see `malbeot voices check`") from None
    took_s = time.monotonic() - begun_s
    speakers = sorted((_spoken() - before).keys())
    if not frames or not speakers:
        raise MalbeotError("the text holds nothing that can be spoken: give one with words in it")
    sound = rtc.combine_audio_frames(frames)
    try:
        path.write_bytes(sound.to_wav_bytes())
    except OSError as error:
        raise _unwritable(path, error.strerror or "no reason given") from None
    print(
        f"{path}: {sound.duration:.2f} s of sound at {sound.sample_rate} Hz; first byte after {first_s:.3f} s, "
        f"real-time factor {took_s / sound.duration:.3f}, by {', '.join(speakers)}"
    )


def _text_lang(voice: Voice, language: str) -> SpeechLanguage:
    if not language:
        return voice.languages[0]
    for spoken in voice.languages:
        if spoken == language:
            return spoken
    raise SettingsError(f"--language {language} is none that voice {voice.id} speaks: {', '.join(voice.languages)}")


def _spoken() -> Counter[str]:
    """How many texts each replica has spoken to their end, by this process' own count."""
    samples = [sample for metric in metrics.REQUESTS.collect() for sample in metric.samples]
    spoken = [sample for sample in samples if sample.name.endswith("_total") and sample.labels["outcome"] == "ok"]
    return Counter({sample.labels["replica"]: int(sample.value) for sample in spoken})


def _require_writable(path: Path) -> None:
    """Before anybody speaks for nothing. Raises `MalbeotError`."""
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not path.parent.is_dir():
        raise _unwritable(path, f"there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _unwritable(path, "it is not yours to write")


def _unwritable(path: Path, reason: str) -> MalbeotError:
    return MalbeotError(f"cannot write {path}: {reason}; give another file with --out")
