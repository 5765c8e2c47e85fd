"""The sound that comes back from `POST /tts`, judged as it arrives."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
from livekit.agents import APIError

from .errors import EarlyEndError, NotSpeechError, mapped_errors
from .plausible import FAILURE_RATE, RATES, TrailingZeros
from .raw import RawReader
from .wav import WavReader

_LONGEST_SILENCE_S = 10.0
"""A speech that is exact zeros for longer has gone wrong; no more of them are held back."""
_LOOK_S = 0.25
"""How often a wait for sound looks whether there still is a connection."""


class SpeechReply:
    """The sound of one text as it arrives: int16 mono in pieces, at `sample_rate` Hz once the first is there.

    Iterating raises LiveKit's errors, each naming the server. Trailing zeros come last, once the end has proved good.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        reader: WavReader | RawReader,
        *,
        shown: str,
        timeout_s: float,
        shortest_s: float,
    ) -> None:
        self._response = response
        self._shown = shown
        self._timeout_s = timeout_s
        self._shortest_s = shortest_s
        self._reader = reader
        self._zeros = TrailingZeros()
        self._sounding = self._given = 0
        self._first = b""
        self._closed = False
        self.complete = False
        """Whether all of it has arrived, and its end was a good one."""
        self.failure: APIError | None = None
        """What iterating raised, if it did."""
        self.first_sound_at_s = 0.0
        """On the monotonic clock; 0 before."""
        self.stall_s = timeout_s
        """How long it may be silent within the speech."""

    @property
    def sample_rate(self) -> int:
        assert self._reader.format is not None, "known from the first piece on"
        return self._reader.format.sample_rate

    @property
    def speaking(self) -> bool:
        """Whether sound has arrived."""
        return self._sounding > 0

    @property
    def delivered_s(self) -> float:
        """Seconds of sound given to the one who iterates: after a failure, how far the text has been spoken."""
        return self._given / 2 / self.sample_rate if self._given else 0.0

    def pieces(self) -> AsyncIterator[bytes]:
        """Whole samples, as soon as they arrive."""
        return self

    def __aiter__(self) -> "SpeechReply":
        return self

    async def __anext__(self) -> bytes:
        piece, self._first = self._first, b""
        if not piece:
            with self._noting_failure():
                piece = await self._next()
        if not piece:
            raise StopAsyncIteration
        self._given += len(piece)
        return piece

    async def begin(self) -> None:
        """Waits for the first sound; it stays the first to be given."""
        with self._noting_failure():
            self._first = await self._next()

    def close(self) -> None:
        """Closes the connection unless the reply is complete. Iterating after that fails, through nobody's fault."""
        self._closed = True
        self._response.close()

    async def _next(self) -> bytes:
        """The next sound; b"" at the end."""
        while not self.complete:
            data = await self._receive()
            if not data:
                self._judge_end()
                return self._zeros.rest()
            samples = self._zeros.feed(self._reader.feed(data))
            if self._reader.format is not None:
                self._judge_rate()
            if samples:
                self.first_sound_at_s = self.first_sound_at_s or time.monotonic()
                self._sounding += len(samples)
                return samples
            if self.speaking and self._zeros.held > 2 * self.sample_rate * _LONGEST_SILENCE_S:
                raise NotSpeechError(f"sent zeros for {_LONGEST_SILENCE_S:g} s within the speech", retryable=False)
        return b""

    async def _receive(self) -> bytes:
        """What has arrived of the body; b"" at its end.

        A body cut into chunks wrongly leaves a read of aiohttp's waiting for ever, or fails with a RuntimeError.
        """
        asked_at_s = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(_LOOK_S) as look:
                    return await self._response.content.readany()
            except RuntimeError:
                raise aiohttp.ClientPayloadError("the connection was closed") from None
            except TimeoutError:
                if not look.expired():  # aiohttp's own
                    raise
                if self._response.content.is_eof():  # it came as the look was over, and let the connection go
                    continue
                transport = self._response.connection and self._response.connection.transport
                if transport is None or transport.is_closing():
                    raise aiohttp.ClientPayloadError("the connection was closed") from None
                if self.speaking and time.monotonic() - asked_at_s >= self.stall_s:
                    raise

    def _judge_rate(self) -> None:
        if self.sample_rate == FAILURE_RATE:
            said = f"failed to speak: it sent its {FAILURE_RATE} Hz mark of failure"
            raise NotSpeechError(said, retryable=True, text_at_fault=True)
        if self.sample_rate not in RATES:
            said = f"sent sound at {self.sample_rate} Hz, as no GPT-SoVITS model speaks: is this its api_v2?"
            raise NotSpeechError(said, retryable=False)

    def _judge_end(self) -> None:
        self._reader.finish()
        if not self.speaking:
            said = "nothing but zeros" if self._zeros.held else "no sound"
            raise NotSpeechError(f"sent {said} for a text that has words", retryable=False, text_at_fault=True)
        spoken_s = self._sounding / 2 / self.sample_rate
        if spoken_s < self._shortest_s:
            raise EarlyEndError(
                f"{self._shown} ended after {spoken_s:.1f} s of a text that takes {self._shortest_s:.1f} s or more",
                retryable=False,
            )
        self.complete = True

    @contextlib.contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            timeout_s = self.stall_s if self.speaking else self._timeout_s
            with mapped_errors(self._shown, timeout_s=timeout_s, speaking=lambda: self.speaking):
                yield
        except APIError as error:
            if not self._closed:
                self.failure = error
            raise
