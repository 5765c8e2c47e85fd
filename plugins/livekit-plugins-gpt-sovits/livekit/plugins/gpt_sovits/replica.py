"""One voice server, and one request to it at a time."""

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError
from yarl import URL

from . import metrics
from .breaker import State
from .errors import EarlyEndError, helps_elsewhere, mapped_errors, outcome, status_error
from .lease import Lease, Record, look, private
from .log import logger
from .plausible import shortest_speech_s
from .reply import SpeechReply
from .voice import Voice
from .wire import CLOSE, open_speech

_LONGEST_ANSWER = 4096


class Replica:
    """Where a server is, and where this machine's processes keep what they know of it."""

    def __init__(self, url: str, state_dir: Path) -> None:
        """Raises ValueError where `url` is not one. A replica is told from others by its URL, as written."""
        parsed = URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"{url!r} is not the URL of a voice server: it should look like http://127.0.0.1:9880")
        self.url = url
        self.name = str(parsed.with_user(None)).rstrip("/")
        """The URL without credentials."""
        self.lock = state_dir / f"{hashlib.sha256(self.name.encode()).hexdigest()[:16]}.lock"
        """The file that a `Lease` locks."""

    def look(self) -> Record:
        """What was last known of it."""
        return look(self.lock)

    def take(self) -> "Turn | None":
        """Sole use, or None while somebody else has it. Raises `APIConnectionError` where no lock can be had."""
        try:
            try:
                lease = Lease.take(self.lock)
            except FileNotFoundError:  # a cleaner of old files took the folder away
                private(self.lock.parent)
                lease = Lease.take(self.lock)
        except OSError as error:
            raise APIConnectionError(f"the lock of voice replica {self.name} fails: {error}") from None
        return Turn(self, lease) if lease else None


@dataclass
class Turn:
    """Sole use of a replica, from the lock to `end`, `fail` or `leave`. None of these waits."""

    replica: Replica
    lease: Lease
    asked_at_s: float = 0.0
    """When the request went out, on the monotonic clock; 0 before."""

    @property
    def record(self) -> Record:
        return self.lease.record

    async def speak(
        self, session: aiohttp.ClientSession, text: str, voice: Voice, *, timeout_s: float, first_byte_s: float
    ) -> SpeechReply:
        """The reply, whose first sound has arrived. Sets the voice's weights before where others are loaded."""
        if not self.record.holds(voice):
            await self._set_weights(session, voice, timeout_s)
        self.asked_at_s = time.monotonic()
        reply = await open_speech(
            session,
            url=self.replica.url,
            voice=voice,
            text=text,
            timeout_s=timeout_s,
            first_sound_s=first_byte_s,
            shortest_s=shortest_speech_s(text, voice.speed_factor),
        )
        metrics.TIME_TO_FIRST_BYTE.labels(self.replica.name).observe(reply.first_sound_at_s - self.asked_at_s)
        return reply

    def end(self, reply: SpeechReply, voice: Voice, *, counted: bool = True) -> None:
        """After `speak`, however the reply was read: closes its connection and gives the replica free.

        `counted` is `fail`'s. A listener who left after the first sound takes nothing from the replica's good name.
        """
        reply.close()
        if reply.failure:
            self.fail(reply.failure, voice, counted=counted)
            return
        if reply.complete:
            took_s = time.monotonic() - self.asked_at_s
            metrics.REAL_TIME_FACTOR.labels(self.replica.name).observe(took_s / reply.delivered_s)
        metrics.REQUESTS.labels(self.replica.name, "ok" if reply.complete else "left").inc()
        self._note(self.record.spoken(voice, time.time()))

    def fail(self, error: APIError, voice: Voice, *, counted: bool = True) -> None:
        """Notes a failure and gives the replica free. `counted`: whether it tells of the replica's health."""
        metrics.REQUESTS.labels(self.replica.name, outcome(error)).inc()
        record = self.record.forgotten() if _harms_the_server(error, voice) else self.record
        if counted and helps_elsewhere(error):
            record = replace(record, breaker=record.breaker.failed(time.time()))
            if record.breaker.state(time.time()) is State.OPEN:
                pause_s = record.breaker.open_until_s - record.breaker.failed_at_s
                times = record.breaker.failures
                logger.warning("%s failed %d times in a row: left alone for %.0f s", self.replica.name, times, pause_s)
        self._note(record)

    def leave(self) -> None:
        """Gives the replica free."""
        self.lease.release()

    async def _set_weights(self, session: aiohttp.ClientSession, voice: Voice, timeout_s: float) -> None:
        before = self.record
        # Whatever stops this halfway, nobody may take the weights for known.
        self.lease.note(replace(before.forgotten(), switched=True))
        for field, wanted, held in (
            ("gpt", voice.gpt_weights, before.gpt_weights),
            ("sovits", voice.sovits_weights, before.sovits_weights),
        ):
            if wanted != held:
                await self._set(session, f"set_{field}_weights", wanted, timeout_s)
        self.lease.note(
            replace(self.record, gpt_weights=voice.gpt_weights, sovits_weights=voice.sovits_weights, warm=())
        )

    async def _set(self, session: aiohttp.ClientSession, route: str, path: str, timeout_s: float) -> None:
        address = URL(self.replica.url) / route
        shown = str(address.with_user(None))
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        with mapped_errors(shown, timeout_s=timeout_s, speaking=lambda: False):
            async with session.get(
                address, params={"weights_path": path}, headers=CLOSE, timeout=timeout, allow_redirects=False
            ) as response:
                body = await response.content.read(_LONGEST_ANSWER)
                if response.status != 200:
                    raise status_error(shown, response.status, body, text="")

    def _note(self, record: Record) -> None:
        """The last of a turn."""
        try:
            self.lease.note(record)
        finally:
            self.leave()
        state = record.breaker.state(time.time())
        metrics.BREAKER_STATE.labels(self.replica.name).set(metrics.BREAKER_LEVEL[state])


def _harms_the_server(error: APIError, voice: Voice) -> bool:
    """Whether both weights have to be set again: after a failure of its model the server has others, or none.

    Not after an early end, which is the sampling's chance, nor after what was refused before the model was asked: a
    422, and outside mode 0 a 400.
    """
    if isinstance(error, APIStatusError):
        return error.status_code != 422 and not (error.status_code == 400 and voice.streaming_mode)
    return not isinstance(error, EarlyEndError)
