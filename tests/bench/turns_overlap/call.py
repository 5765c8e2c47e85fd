"""One call: clip after clip over the story, and what the caller heard of it."""

import asyncio
import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.ears.sound import RATE, at_16k
from bench.turns_overlap.material import SPEECH_DB, Clip, at_level
from support.caller import HEARING_RATE, Caller
from support.recording import WINDOW_S, loud_windows
from support.speech import Speech, english, korean

GAP_S = 0.3
"""So much silence in a story without pauses is one that a caller hears: pauses from 0.25 s on are heard as such
(Goldman-Eisler 1968)."""

_ECHO_S, _ECHO_PIECE_S, _ECHO_GAIN = 3.0, 0.1, 0.3
_WATCHED_S = 2.5
"""What is over by then after a clip has not stopped it."""
_TOLD_S = 1.2
"""The story goes on for so long before the next clip."""


@dataclass(frozen=True)
class Row:
    """One clip. Times are in seconds from its first sample, sent by the caller."""

    kind: str
    name: str
    language: str
    stops: bool
    silent_s: float | None
    """When the caller heard silence begin; None where the story went on."""
    silent_for_s: float
    """How long; that of a real stop lasts until the clip is over and longer."""
    duration_s: float
    claims_s: float
    late_s: float


@cache
def greeting(language: str) -> Speech:
    """What the caller begins with. Blocks for a second or two the first time."""
    spoken = (
        english("Hello, please tell me a story.") if language == "en" else korean("안녕하세요, 이야기를 해 주세요.")
    )
    return Speech(at_level(at_16k(spoken), SPEECH_DB), RATE)


async def greet(caller: Caller, language: str) -> None:
    """Has the story begun, by saying something: who calls is heard alone first."""
    await caller.agent_joined(timeout_s=20)
    await asyncio.sleep(1.0)
    await caller.play(greeting(language))


async def play(caller: Caller, clip: Clip) -> Row:
    """Plays the clip over the story, once that is being told."""
    await told(caller)
    before = caller.attributes_of_companion().get("teller.ended")
    began_at = time.monotonic()
    if clip.kind == "echo":
        await _echo(caller)
    else:
        await caller.play(Speech(clip.samples, RATE))
    await asyncio.sleep(_WATCHED_S)
    gap = first_gap(caller, began_at, time.monotonic())
    if gap and caller.attributes_of_companion().get("teller.ended") != before:
        return await play(caller, clip)  # the story has ended by itself
    return Row(
        clip.kind,
        clip.name,
        clip.language,
        clip.stops,
        silent_s=None if gap is None else gap[0] - began_at,
        silent_for_s=0.0 if gap is None else gap[1],
        duration_s=clip.duration_s,
        claims_s=clip.claims_s,
        late_s=caller.late_s,
    )


def first_gap(
    caller: Caller, from_time: float, to_time: float, *, least_s: float = GAP_S
) -> tuple[float, float] | None:
    """When the first silence of `least_s` or more began, and how long it was; None where there was none."""
    samples = caller.heard.samples(from_time, to_time)
    if not len(samples):
        return from_time, to_time - from_time
    loud = np.flatnonzero(loud_windows(samples, HEARING_RATE))
    edges = np.concatenate([[-1], loud, [len(samples) // round(HEARING_RATE * WINDOW_S)]])
    lengths = np.diff(edges) - 1
    long = np.flatnonzero(lengths >= least_s / WINDOW_S)
    if not len(long):
        return None
    # The line may have carried less than the time that went by: the end of the recording is what is certain.
    missing_s = to_time - from_time - len(samples) / HEARING_RATE
    begin = int(edges[long[0]] + 1)
    return from_time + max(0.0, missing_s) + begin * WINDOW_S, float(lengths[long[0]]) * WINDOW_S


async def _echo(caller: Caller) -> None:
    """Sends back what is heard, 0.1 s later and more quietly, as a loudspeaker beside the microphone does."""
    async with asyncio.TaskGroup() as playing:
        began_at = time.monotonic()
        for number in range(round(_ECHO_S / _ECHO_PIECE_S)):
            from_time = began_at + number * _ECHO_PIECE_S
            await asyncio.sleep(max(0.0, from_time + _ECHO_PIECE_S - time.monotonic()))
            samples = caller.heard.samples(from_time, from_time + _ECHO_PIECE_S)
            samples = (samples * _ECHO_GAIN).astype(np.int16)
            if loud_windows(samples, HEARING_RATE).any():
                playing.create_task(caller.play(Speech(samples, HEARING_RATE)))


async def told(caller: Caller) -> None:
    """Waits until the story has been told for a while without a gap."""
    for _ in range(120):
        now = time.monotonic()
        samples = caller.heard.samples(now - _TOLD_S, now)
        if len(samples) > 0.9 * _TOLD_S * HEARING_RATE and first_gap(caller, now - _TOLD_S, now) is None:
            return
        await asyncio.sleep(0.25)
    raise TimeoutError("no story is told")
