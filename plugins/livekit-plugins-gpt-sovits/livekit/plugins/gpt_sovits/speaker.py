"""One clause, said to its end: by a replica, by another where that one fails within it, else by the fallback voice."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, tts

from .log import logger
from .pool import Pool
from .reply import SpeechReply
from .resume import Resumption
from .voice import Voice

_TRIES = 3
"""So many replies may break off within one clause before the fallback voice takes over."""
_LONG_S = 1.0
"""Replicas that took longer to fail are asked no more in this reply: each clause would cost the same silence."""


class Speaker:
    """One voice for one reply, by whoever can speak with it. Gives mono int16 at `sample_rate`."""

    def __init__(
        self,
        *,
        pool: Pool,
        voice: Voice,
        sample_rate: int,
        timeout_s: float,
        fallback: tts.TTS[Any] | None = None,
        on_fallback: Callable[[], None] = lambda: None,
    ) -> None:
        """`timeout_s` bounds each wait for a server, not the whole clause; `on_fallback` hears of every fallback."""
        self._pool = pool
        self._voice = voice
        self._sample_rate = sample_rate
        self._timeout_s = timeout_s
        self._fallback = fallback
        self._on_fallback = on_fallback
        self._gave_up = False

    async def say(self, text: str) -> AsyncGenerator[bytes, None]:
        """The clause in pieces of whole samples, as they arrive.

        Where the sound breaks off, the clause is asked for again and goes on where it broke off. Raises `APIError`
        where nobody can say it, or say it to its end; it is not retryable once something of it was given.
        """
        said = _Said(self._sample_rate)
        failure: APIError | None = None
        tries = _TRIES if self._fallback is None or (self._pool.ready and not self._gave_up) else 0
        for _ in range(tries):
            if failure:
                logger.warning("%s; the sentence is asked for again", failure.message)
            asked_at_s = time.monotonic()
            reply: SpeechReply | None = None
            try:
                async with self._pool.speak(
                    text, self._voice, timeout_s=self._timeout_s, patient=self._fallback is None
                ) as reply:
                    rendering = _Rendering(said, rate=reply.sample_rate)
                    async for piece in reply.pieces():
                        if heard := rendering.feed(piece):
                            yield heard
                    if heard := rendering.finish():
                        yield heard
                return
            except APIError as error:
                failure = error
                if reply is None:  # the pool has asked every replica
                    self._gave_up = time.monotonic() - asked_at_s > _LONG_S
                    break
        if self._fallback is not None:
            if failure:
                logger.warning("%s; the fallback voice goes on", failure.message)
            self._on_fallback()
            async with aclosing(self._by_fallback(self._fallback, text, said)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        assert failure is not None
        failure.retryable = failure.retryable and not said.seconds
        raise failure

    async def _by_fallback(self, fallback: tts.TTS[Any], text: str, said: "_Said") -> AsyncGenerator[bytes, None]:
        once = APIConnectOptions(max_retry=0, timeout=self._timeout_s)
        rendering = _Rendering(said, rate=fallback.sample_rate)
        try:
            async with fallback.synthesize(text, conn_options=once) as stream:
                async for audio in stream:
                    if heard := rendering.feed(bytes(audio.frame.data)):
                        yield heard
                if heard := rendering.finish():
                    yield heard
            if not said.seconds:
                raise APIError("it gave no sound", retryable=False)
        except APIError as error:
            reason = error.message.replace(text, "…")  # the framework names the text where there is no sound
            raise APIConnectionError(
                f"no voice replica spoke, nor did the fallback voice: {reason}",
                retryable=error.retryable and not said.seconds,
            ) from None


class _Said:
    """How much of the clause was given so far."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.seconds = 0.0

    def add(self, pcm: bytes) -> bytes:
        self.seconds += len(pcm) / 2 / self.sample_rate
        return pcm


class _Rendering:
    """One attempt at the clause: at the rate wanted, without what was said before it."""

    def __init__(self, said: _Said, *, rate: int) -> None:
        self._said = said
        self._resumption = Resumption(said.seconds, said.sample_rate)
        self._resampler: rtc.AudioResampler | None = None
        if rate != said.sample_rate:
            self._resampler = rtc.AudioResampler(
                rate, said.sample_rate, num_channels=1, quality=rtc.AudioResamplerQuality.HIGH
            )

    def feed(self, pcm: bytes) -> bytes:
        if self._resampler:
            pcm = b"".join(bytes(frame.data) for frame in self._resampler.push(bytearray(pcm)))
        return self._said.add(self._resumption.feed(pcm))

    def finish(self) -> bytes:
        rest = b""
        if self._resampler:
            rest = b"".join(bytes(frame.data) for frame in self._resampler.flush())
        return self._said.add(self._resumption.feed(rest) + self._resumption.finish())
