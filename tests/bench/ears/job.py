"""A call's process as far as memory goes: `python -m bench.ears.job --speech FILE.wav [--model DIR]`.

It has what the process of any LiveKit job has (the framework, its native library, PyAV, a running voice activity
detector), and hears the speech once without recognition. It then hears it again, with `--model` beside
a recogniser's stream, and prints its memory before and after as JSON. So nothing here may import what only ears need.
"""

import argparse
import asyncio
import gc
import json
import os
import wave
from pathlib import Path
from typing import Any

import av  # noqa: F401  # the framework loads it into every job
import numpy as np
import psutil
from livekit import rtc
from livekit.agents import inference, vad

from bench.ears.call import calling
from bench.ears.sound import FRAME, FRAME_S, LEAD_S, RATE, TAIL_S, Sound

_MB = 10**6
_PATIENCE_S = 20.0


async def main(speech: Path, model: Path | None) -> dict[str, Any]:
    """The memory of this process before and after recognition, in MB (10^6 bytes), and what was heard."""
    sound = read(speech)
    rtc.AudioResampler(48000, RATE).push(rtc.AudioFrame.create(48000, 1, 480))  # as in a room
    detector = inference.VAD()
    await listen(detector, sound)
    before = memory()
    text = None
    if model is None:
        await listen(detector, sound)
        after = memory()
    else:
        from livekit.plugins import whisper

        ears = whisper.STT(model=model, language="en")
        ears.prewarm()
        async with ears, calling(ears) as call:
            turn, _ = await asyncio.gather(call.say(sound, patience_s=_PATIENCE_S), listen(detector, sound))
            text = turn.text
            after = memory()
    return {"before": before, "after": after, "heard": text}


async def listen(detector: vad.VAD, sound: Sound) -> None:
    """Voice activity detection, at the pace of speech."""
    stream = detector.stream()

    async def take() -> None:
        async for _ in stream:
            pass

    taking = asyncio.create_task(take(), name="vad")
    for number in range(len(sound.samples) // FRAME):
        stream.push_frame(rtc.AudioFrame(sound.frame(number).tobytes(), RATE, 1, FRAME))
        await asyncio.sleep(FRAME_S)
    stream.end_input()
    await taking
    await stream.aclose()


def read(path: Path) -> Sound:
    """A WAV file that `ears_sound.sound` made."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    return Sound(samples, round(LEAD_S * RATE), len(samples) - round(TAIL_S * RATE))


def memory() -> dict[str, float]:
    """Resident, proportional and unique set size."""
    gc.collect()
    known = psutil.Process(os.getpid()).memory_full_info()
    return {kind: round(getattr(known, kind) / _MB, 1) for kind in ("rss", "pss", "uss")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.ears.job", description=__doc__)
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="the Whisper model's directory; without it nothing recognises")
    chosen = parser.parse_args()
    print(json.dumps(asyncio.run(main(chosen.speech, chosen.model))))
