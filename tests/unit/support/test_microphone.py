"""Speech leaves at the pace of speech, and trailing silence is not speech."""

import asyncio
import time

import numpy as np

from support.microphone import Microphone
from support.speech import Speech


def speech(voice_s: float, silence_s: float, rate: int = 32000) -> Speech:
    at = np.arange(round(voice_s * rate)) / rate
    voice = (np.sin(2 * np.pi * 200 * at) * 8000).astype(np.int16)
    return Speech(np.concatenate([voice, np.zeros(round(silence_s * rate), np.int16)]), rate)


async def test_the_last_speech_sample_is_dated_before_the_silence_behind_it() -> None:
    microphone = Microphone()
    running = asyncio.create_task(microphone.run())
    try:
        began = time.monotonic()
        spoken = await microphone.play(speech(0.5, 1.0))
        ended = time.monotonic()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await microphone.source.aclose()
    # A stalled machine makes it later; at most 0.2 s are caught up, never more.
    assert spoken - began >= 0.3
    assert ended - spoken >= 0.8 - 0.2
