"""A caller who asks question after question, and what is measured of every answer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import turn_metrics
from support.caller import Caller, call_token
from support.speech import Speech

_ANSWER_WITHIN_S = 30.0
_LONGEST_ANSWER_S = 60.0
_SILENT_FOR_S = 1.5
_PAUSE_S = 1.0
_BETWEEN_CALLS_S = 5.0


@dataclass(frozen=True)
class Line:
    """How callers reach the companion that is measured."""

    url: str
    api_key: str
    api_secret: str
    metrics_file: Path

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[tuple[Caller, bool]]:
        """A new call, and whether the companion has greeted and fallen silent in it."""
        token, _ = call_token(self.api_key, self.api_secret, name="Rose", language="en")
        async with Caller(url=self.url, token=token) as caller:
            greeted = False
            with contextlib.suppress(TimeoutError):
                await caller.wait_for_voice(timeout_s=_ANSWER_WITHIN_S)
                await _hear_out(caller)
                greeted = True
            yield caller, greeted


@dataclass(frozen=True)
class PickUp:
    """Seconds from when the caller began to connect; None for what did not come."""

    connected_s: float
    companion_joined_s: float | None
    greeting_heard_s: float | None


@dataclass(frozen=True)
class Turn:
    """One question and its answer. `mouth_to_ear_s` is None where none came, or it came before the question's end."""

    question: str
    room: str
    asked_at: float
    """Unix time at which the last speech sample was sent."""
    mouth_to_ear_s: float | None
    early: bool
    """The companion spoke while the caller still did."""
    answer_s: float | None
    """How long the answer lasted; None where it did not end within a minute."""
    heard_as: str
    """The question by the companion's own captions."""
    microphone_late_s: float
    """How far the microphone has fallen behind real time in this call at worst."""

    def as_json(self, stages: turn_metrics.Stages) -> dict[str, Any]:
        return asdict(self) | asdict(stages)


async def pick_ups(line: Line, count: int) -> list[PickUp]:
    """Calls `count` times, hears the greeting out and hangs up."""
    measured = []
    for _ in range(count):
        async with line.call() as (caller, greeted):
            dialled, joined, heard = caller.dialled_at, None, None
            if greeted:
                joined = await caller.agent_joined(timeout_s=0) - dialled
                heard = await caller.wait_for_voice(timeout_s=0) - dialled
            measured.append(PickUp(caller.connected_at - dialled, joined, heard))
        await asyncio.sleep(_BETWEEN_CALLS_S)  # the worker warms up its next call process
    return measured


async def converse(line: Line, questions: Sequence[tuple[str, Speech]]) -> AsyncIterator[Turn]:
    """Asks them one after another, each after the answer's end and a pause.

    Where an answer does not end within a minute, the caller hangs up and asks on in a new call. A
    call without a greeting costs a question: it counts as not answered.
    """
    left = list(questions)
    while left:
        async with line.call() as (caller, ended):
            if not ended:
                yield _not_asked(caller, left.pop(0)[0])
            while left and ended:
                await asyncio.sleep(_PAUSE_S)
                turn, ended = await _ask(caller, *left.pop(0))
                yield turn
        if left:
            await asyncio.sleep(_BETWEEN_CALLS_S)


def _not_asked(caller: Caller, question: str) -> Turn:
    return Turn(question, caller.room_name, time.time(), None, False, None, "", caller.late_s)


async def _ask(caller: Caller, question: str, speech: Speech) -> tuple[Turn, bool]:
    """The turn, and whether its answer came to an end."""
    began = time.monotonic()
    asked = await caller.play(speech)
    clocks_apart = time.time() - time.monotonic()
    early = (first := caller.heard.first_voice_after(began)) is not None and first < asked
    heard = silent = None
    ended = True
    try:
        heard = await caller.wait_for_voice(timeout_s=_ANSWER_WITHIN_S, since=asked)
        silent = await _hear_out(caller)
    except TimeoutError:
        ended = False
    turn = Turn(
        question=question,
        room=caller.room_name,
        asked_at=asked + clocks_apart,
        mouth_to_ear_s=None if early or heard is None else heard - asked,
        early=early,
        answer_s=None if heard is None or silent is None else silent - heard,
        heard_as=caller.captions_of("caller", since=began),
        microphone_late_s=caller.late_s,
    )
    return turn, ended


async def _hear_out(caller: Caller) -> float:
    """Waits until the companion has said everything. Returns when its voice ended."""
    deadline = time.monotonic() + _LONGEST_ANSWER_S
    while True:
        left_s = max(0.0, deadline - time.monotonic())
        silent = await caller.wait_for_silence(_SILENT_FOR_S, timeout_s=left_s)
        await caller.wait_for_state("listening", timeout_s=max(0.0, deadline - time.monotonic()))
        if time.monotonic() - caller.heard.silent_since(silent) >= _SILENT_FOR_S:
            return caller.heard.silent_since(silent)
