"""Where LiveKit's VAD finds silence in a turn, and when it tells so.

The companion's VAD (silero) is given the whole turn frame by frame, and its events are read as LiveKit's
`AudioRecognition` reads them: it asks the turn detector once 0.2 s of silence were reported, and its turn can be called
from the VAD's end of speech on. Both come when the window is full that shows it: later than 0.2 and 0.25 s.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import vad

from bench.ears.sound import FRAME, RATE
from support.recording import Samples

SILENCE_S = 0.25
"""The companion's VAD: so much silence ends a stretch of speech."""

_ASK_AFTER_S = 0.2
_WINDOW_S = 0.032


@dataclass(frozen=True)
class Silence:
    """One pause as the VAD sees it. Positions are in samples from the beginning of the turn's audio."""

    began: int
    """The end of the speech before it, as the VAD counts."""
    asked: int
    """What had been heard when the turn detector was asked."""
    ended: int
    """What had been heard when the VAD told the end of speech."""
    resumed: int | None
    """What had been heard when the VAD told the start of speech again; None where it did not."""
    stretches: tuple[tuple[int, int], ...]
    """The stretches of speech so far."""


async def silences(samples: Samples, model: vad.VAD) -> list[Silence]:
    """The pauses of mono int16 at 16 kHz that the VAD takes for an end of speech, the last one included."""
    stream = model.stream()
    try:
        for frame in frames(samples):
            stream.push_frame(frame)
        stream.end_input()
        return told([event async for event in stream])
    finally:
        await stream.aclose()


def told(events: Sequence[vad.VADEvent]) -> list[Silence]:
    """The pauses in a VAD's events."""
    found: list[Silence] = []
    stretches: list[tuple[int, int]] = []
    began = asked = None
    for event in events:
        at = event.samples_index
        if event.type is vad.VADEventType.START_OF_SPEECH:
            began = at - round(event.speech_duration * RATE)
            asked = None
            if found and found[-1].resumed is None:
                found[-1] = _resumed(found[-1], at)
        elif event.type is vad.VADEventType.INFERENCE_DONE and began is not None:
            if event.raw_accumulated_speech > 0:
                asked = None
            elif event.raw_accumulated_silence >= _ASK_AFTER_S and asked is None:
                asked = at
        elif event.type is vad.VADEventType.END_OF_SPEECH and began is not None:
            end = at - round(event.silence_duration * RATE)
            stretches.append((began, end))
            found.append(Silence(end, asked or at, at, None, tuple(stretches)))
            began = None
    return found


def frames(samples: Samples) -> Iterator[rtc.AudioFrame]:
    """The audio as a call brings it, in frames of 20 ms."""
    for at in range(0, len(samples) - FRAME + 1, FRAME):
        yield rtc.AudioFrame(samples[at : at + FRAME].tobytes(), RATE, 1, FRAME)


def _resumed(silence: Silence, at: int) -> Silence:
    return Silence(silence.began, silence.asked, silence.ended, at, silence.stretches)
