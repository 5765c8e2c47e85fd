"""A call as the recogniser has it: one stream, fed at the pace of speech, and everything it says, with its time."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import stt

from bench.ears.sound import FRAME, FRAME_S, RATE, Sound

FLUSH_AFTER_S = 0.2
"""From the last speech sample to the flush: where a turn detector calls the turn."""

PATIENCE_S = 2.0
"""An answer is waited for this long after the flush; livekit-agents waits as long for a FINAL."""

_SETTLE_S = 0.3
_CLOSES_WITHIN_S = 20.0


@dataclass(frozen=True)
class Event:
    """One `SpeechEvent`: when it came (`time.monotonic`), its type ("interim_transcript", …) and its text."""

    at: float
    type: stt.SpeechEventType
    text: str = ""


@dataclass
class Turn:
    """One utterance. Times are of `time.monotonic`, and those of frames when they were handed over."""

    began_at: float = 0.0
    """The frame with the first speech sample."""
    ended_at: float = 0.0
    """The frame with the last speech sample."""
    flushed_at: float | None = None
    late_s: float = 0.0
    """The worst delay of a frame behind its schedule: this process's own failing."""
    events: list[Event] = field(default_factory=list)

    @property
    def answered_at(self) -> float | None:
        """When the flush was answered: the last FINAL with words after it, else the first without; None without any."""
        if self.flushed_at is None:
            return None
        finals = [event for event in self.finals if event.at >= self.flushed_at]
        return next((event.at for event in reversed(finals) if event.text), finals[0].at if finals else None)

    @property
    def finals(self) -> list[Event]:
        return [event for event in self.events if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT]

    @property
    def text(self) -> str:
        """All FINALs of this utterance."""
        return " ".join(event.text for event in self.finals if event.text)


class Call:
    """One stream. Make it with `calling`."""

    def __init__(self, stream: stt.RecognizeStream) -> None:
        self._stream = stream
        self._turn = Turn()
        self._over = False

    async def listen(self) -> None:
        """Takes what the stream says until it ends. What comes late belongs to the turn that was said last."""
        try:
            async for event in self._stream:
                text = event.alternatives[0].text.strip() if event.alternatives else ""
                self._turn.events.append(Event(time.monotonic(), event.type, text))
        finally:
            self._over = True

    async def say(
        self,
        sound: Sound,
        *,
        flush_after_s: float = FLUSH_AFTER_S,
        patience_s: float = PATIENCE_S,
        settle_s: float = _SETTLE_S,
    ) -> Turn:
        """Sends frames of 20 ms by an absolute schedule and flushes `flush_after_s` after the last speech sample.

        Goes on until the flush is answered, `patience_s` after it at most, and for `settle_s` after that. Raises
        `RuntimeError` where the stream has ended.
        """
        turn = self._turn = Turn()
        first, last = sound.first // FRAME, max(0, sound.end - 1) // FRAME
        flush = last + round(flush_after_s / FRAME_S)
        settled_at: float | None = None
        began = time.monotonic()
        for number in itertools.count():
            due = began + number * FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            turn.late_s = max(turn.late_s, now - due)
            if self._over:
                raise RuntimeError("the recogniser's stream ended in the middle of a call")
            samples = sound.frame(number)
            self._stream.push_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, FRAME))
            if number == first:
                turn.began_at = now
            if number == last:
                turn.ended_at = now
            if number == flush:
                turn.flushed_at = time.monotonic()
                self._stream.flush()
            if turn.flushed_at is None:
                continue
            if settled_at is None and (turn.answered_at or now - turn.flushed_at >= patience_s):
                settled_at = now + settle_s
            if settled_at is not None and now >= settled_at:
                return turn
        raise AssertionError("frames do not end")


@asynccontextmanager
async def calling(ears: stt.STT[Any]) -> AsyncIterator[Call]:
    """A call from its first frame to its end."""
    stream = ears.stream()
    call = Call(stream)
    listening = asyncio.create_task(call.listen(), name="ears")
    try:
        yield call
        stream.end_input()
        await asyncio.wait({listening}, timeout=_CLOSES_WITHIN_S)
    finally:
        await stream.aclose()
        listening.cancel()
        done = await asyncio.gather(listening, return_exceptions=True)
    if isinstance(done[0], Exception):
        raise done[0]
