"""Speaks one text into a WAV file, for prepared clips and tests."""

import sys
from pathlib import Path

from ..errors import LocalError
from .audio import OUTPUT_RATE_HZ, joined, wav
from .engine import Engine
from .text import is_speakable


def say(text: str, *, language: str, piper_voice: Path | None, speed: float, out: Path) -> None:
    """Writes `text` as mono int16 WAV at OUTPUT_RATE_HZ. "-" as text reads standard input (UTF-8).

    Raises LocalError when there is nothing to say, a voice cannot be loaded or the file cannot be written.
    """
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not is_speakable(text):
        raise LocalError("nothing to say: the text has no letter and no digit")
    engine = Engine.load(piper_voice)
    samples = joined(engine.speak(text, text_lang=language, rate_hz=OUTPUT_RATE_HZ, speed=speed))
    try:
        out.write_bytes(wav(samples, OUTPUT_RATE_HZ))
    except OSError as error:
        raise LocalError(f"cannot write {out}: {error.strerror}") from error
