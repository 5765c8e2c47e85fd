"""Several voice servers as one: whichever is free and holds the voice speaks, and where one fails the next is asked.

Processes on this machine share the replicas through their locks (`lease`); one request runs on each at a time.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import aiohttp
from livekit.agents import APIConnectionError, APIError

from . import metrics
from .breaker import State
from .choosing import choose, why_none
from .errors import helps_elsewhere, may_be_the_texts_fault
from .lease import default_state_dir, private
from .log import logger
from .replica import Replica, Turn
from .reply import SpeechReply
from .status import ReplicaStatus, status
from .voice import Voice
from .warming import assign, warm

FIRST_BYTE_S = 4.0
"""A replica whose first sound takes longer, or that is silent for longer within the speech, is given up for another."""
_COLD_FIRST_BYTE_S = 20.0
"""The first request after a start, and the first in a language, takes many times as long as the second."""
_STAY_S = 1.0
"""So long a voice waits for a replica that holds its weights while others are free: a switch takes seconds."""
_POLL_S = 0.01
_DRAIN_S = 10.0


class Pool:
    """Replicas with GPT-SoVITS' `api_v2` interface.

    A voice that names no weights speaks with those a server started with, which nothing can tell once they were
    switched: such a voice is spoken only by replicas that were never switched from this machine. Name the weights of
    every voice, or of none, where voices share replicas.

    In `streaming_mode` 0 a server cannot be stopped: one that was left goes on, and answers the next request late.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        http: Callable[[], aiohttp.ClientSession],
        first_byte_s: float = FIRST_BYTE_S,
        state_dir: Path | None = None,
    ) -> None:
        """
        Args:
            urls: Where the servers listen, without the path. One server must be written alike by all who use it.
            http: Gives the session to ask with.
            first_byte_s: How long a replica may take to its first sound, from the request on. A sound one that has
                not spoken the language with these weights yet has 20 s; in mode 0, which makes all of the sound
                before it sends any, the request's own timeout holds.
            state_dir: Where the processes that share the replicas meet; by default one folder per user.

        Raises:
            ValueError: No URL, or one that is not http:// or https://.
            OSError: `state_dir` cannot be made, or others can enter it.
        """
        folder = state_dir or default_state_dir()
        self._replicas = list({replica.name: replica for replica in (Replica(url, folder) for url in urls)}.values())
        if not self._replicas:
            raise ValueError("no voice server is named: give at least one URL")
        private(folder)
        self._http = http
        self._first_byte_s = first_byte_s
        self._closed = False
        self._running = 0
        self._idle = asyncio.Event()
        self._replies: set[SpeechReply] = set()

    @property
    def ready(self) -> bool:
        """Whether any replica is worth asking now: False while all of them are left alone after failures."""
        now_s = time.time()
        return any(replica.look().breaker.state(now_s) is not State.OPEN for replica in self._replicas)

    @contextlib.asynccontextmanager
    async def speak(
        self, text: str, voice: Voice, *, timeout_s: float, patient: bool = True
    ) -> AsyncIterator[SpeechReply]:
        """The sound of `text`, whose first piece has arrived, from the first replica that gives any.

        Leaving the context closes the connection and gives the replica free at once. `timeout_s` bounds the wait for
        a free replica, each try, and each wait for bytes; not the whole. Within the speech a replica may be silent no
        longer than before it; a caller that is not `patient` waits no longer for a free one either. Before the first
        sound, raises an `APIError` that names each replica and its reason. An `APIError` while the reply is read is
        not retryable: `reply.delivered_s` tells how far the text was spoken.
        """
        with self._at_work():
            late_s = min(timeout_s, self._first_byte_s)
            turn, reply = await self._begin(text, voice, timeout_s, wait_s=timeout_s if patient else late_s)
            reply.stall_s = late_s
            self._replies.add(reply)
            try:
                yield reply
            finally:
                self._replies.discard(reply)
                turn.end(reply, voice)

    async def warm_up(self, voices: Sequence[Voice]) -> list[str]:
        """Has every replica say a word in each language that is cold; returns a line for each that failed.

        Where voices name more than one pair of weights, the replicas share the pairs between them; one that holds a
        pair keeps it. Meant for a worker's start: several processes may call it at once.
        """
        with self._at_work():
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(warm(replica, own, self._http()), name="gpt_sovits.warm_up")
                    for replica, own in assign(self._replicas, voices)
                ]
        return [line for task in tasks for line in task.result()]

    async def status(self) -> list[ReplicaStatus]:
        """Asks each server whether it is up; a few seconds at most."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(status(replica, self._http()), name="gpt_sovits.probe") for replica in self._replicas
            ]
        return [task.result() for task in tasks]

    async def aclose(self) -> None:
        """Takes nothing new and waits for what runs; what still runs after 10 s is cut off."""
        self._closed = True
        if self._running:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_S):
                    await self._idle.wait()
        for reply in self._replies:
            reply.close()

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        self._check_open()
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def _check_open(self) -> None:
        if self._closed:
            raise APIConnectionError("the voice pool is closed", retryable=False)

    async def _begin(self, text: str, voice: Voice, timeout_s: float, *, wait_s: float) -> tuple[Turn, SpeechReply]:
        failed: dict[Replica, APIError] = {}
        while turn := await self._take(voice, failed, wait_s):
            first_byte_s = min(self._deadline_s(turn, voice), timeout_s)
            try:
                return turn, await turn.speak(self._http(), text, voice, timeout_s=timeout_s, first_byte_s=first_byte_s)
            except APIError as error:
                # What two replicas answer alike is likely to be about the text: it must not wear all of them out.
                alike = may_be_the_texts_fault(error) and any(map(may_be_the_texts_fault, failed.values()))
                turn.fail(error, voice, counted=not alike)
                failed[turn.replica] = error
                if not helps_elsewhere(error):
                    break
                if len(failed) < len(self._replicas):
                    logger.warning("%s; another voice replica is asked", error.message)
            except BaseException:  # cancelled
                turn.leave()
                raise
        raise why_none(self._replicas, voice, failed)

    def _deadline_s(self, turn: Turn, voice: Voice) -> float:
        if voice.streaming_mode == 0:
            return math.inf
        # One that failed has no claim to patience: it may hang. If it is only cold, the request given up warms it.
        cold = not turn.record.is_warm(voice) and not turn.record.breaker.failures
        return max(self._first_byte_s, _COLD_FIRST_BYTE_S) if cold else self._first_byte_s

    async def _take(self, voice: Voice, failed: Mapping[Replica, APIError], wait_s: float) -> Turn | None:
        """A free replica for `voice`; None where none is left to be asked, or comes free in time."""
        begun_s = time.monotonic()
        while True:
            self._check_open()
            choices = choose([replica for replica in self._replicas if replica not in failed], voice, bool(failed))
            waited_s = time.monotonic() - begun_s
            if waited_s < _STAY_S and any(record.holds(voice) for _, record in choices):
                choices = [(replica, record) for replica, record in choices if record.holds(voice)]
            for replica, record in choices:
                if turn := replica.take():
                    if turn.record == record:  # else somebody used it since: chosen anew
                        metrics.QUEUE_WAIT.labels(replica.name).observe(waited_s)
                        return turn
                    turn.leave()
            if not choices or waited_s >= wait_s:
                return None
            await asyncio.sleep(_POLL_S)
