"""A caller's microphone: speech and the silence between, sent at the pace at which it would be spoken."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
from livekit import rtc

from support.recording import Samples, end_of_speech
from support.speech import Speech

RATE = 48000
FRAME_S = 0.010
_FRAME = round(RATE * FRAME_S)
_SILENCE = np.zeros(_FRAME, np.int16)
_GIVE_UP_S = 0.2


@dataclass
class _Utterance:
    frames: deque[Samples]
    last_speech_frame: int
    done: asyncio.Future[float]
    sent: int = 0


class Microphone:
    """Frames of 10 ms at 48 kHz. The source has no queue: what is handed to it is sent.

    The time of a last speech sample is that of handing over the frame which holds it: up to 10 ms
    after the sample would have been spoken, and before Opus fills its packet of 20 ms with the
    frame that follows. `late_s` is the worst delay of a frame behind its schedule so far.
    """

    def __init__(self) -> None:
        self.source = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        self.late_s = 0.0
        self._waiting: deque[_Utterance] = deque()
        self._last_speech_at = 0.0

    async def play(self, speech: Speech) -> float:
        """Sends all of `speech`. Returns when its last speech sample was sent, in `time.monotonic` seconds."""
        samples = _to_48k(speech)
        frames = _frames(samples)
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        last_speech_frame = -(-end_of_speech(samples, RATE) // _FRAME) - 1
        utterance = _Utterance(frames, last_speech_frame, done)
        self._waiting.append(utterance)
        try:
            return await done
        finally:
            if utterance in self._waiting:
                self._waiting.remove(utterance)

    async def run(self) -> None:
        """Sends until it is cancelled: what `play` gives, else silence, one frame every 10 ms."""
        due = time.monotonic()
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            self.late_s = max(self.late_s, late)
            if late > _GIVE_UP_S:
                due += late  # this machine stood still; a burst of old frames would not mend it
            await self._send_next()
            due += FRAME_S

    async def _send_next(self) -> None:
        if not self._waiting:
            await self._send(_SILENCE)
            return
        utterance = self._waiting[0]
        await self._send(utterance.frames.popleft())
        if utterance.sent == utterance.last_speech_frame:
            self._last_speech_at = time.monotonic()
        utterance.sent += 1
        if not utterance.frames:
            self._waiting.popleft()
            if not utterance.done.done():
                utterance.done.set_result(self._last_speech_at)

    async def _send(self, samples: Samples) -> None:
        await self.source.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples)))


def _frames(samples: Samples) -> deque[Samples]:
    padded = np.concatenate([samples, np.zeros(-len(samples) % _FRAME, np.int16)])
    return deque(padded.reshape(-1, _FRAME))


def _to_48k(speech: Speech) -> Samples:
    if speech.rate == RATE:
        return speech.samples
    resampler = rtc.AudioResampler(speech.rate, RATE, quality=rtc.AudioResamplerQuality.HIGH)
    whole = rtc.AudioFrame(speech.samples.tobytes(), speech.rate, 1, len(speech.samples))
    return np.concatenate(
        [np.frombuffer(frame.data, np.int16) for frame in [*resampler.push(whole), *resampler.flush()]]
    )
