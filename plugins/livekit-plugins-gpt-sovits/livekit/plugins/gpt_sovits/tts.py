"""GPT-SoVITS as a LiveKit TTS."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Never

import aiohttp
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, APIError, NotGivenOr, tts, utils
from livekit.agents.utils import is_given

from .log import logger
from .pool import FIRST_BYTE_S, Pool
from .reading import Reading
from .speaker import Speaker
from .stream import ChunkedStream, SynthesizeStream
from .voice import Voice

DEFAULT_URL = "http://127.0.0.1:9880"


@dataclass(frozen=True)
class Options:
    """What a stream keeps from its beginning to its end."""

    voice: Voice
    fallback: tts.TTS[Any] | None

    def __post_init__(self) -> None:
        if self.fallback is not None and self.fallback.num_channels != 1:
            raise ValueError(f"the fallback voice has {self.fallback.num_channels} channels: it must have one")


class TTS(tts.TTS[Never]):
    """Speech by servers with GPT-SoVITS' `api_v2` interface. Mono int16 at `sample_rate`."""

    def __init__(
        self,
        *,
        voice: Voice,
        urls: str | Sequence[str] = DEFAULT_URL,
        sample_rate: int = 32000,
        fallback: tts.TTS[Any] | None = None,
        first_byte_s: float = FIRST_BYTE_S,
        http_session: aiohttp.ClientSession | None = None,
    ) -> None:
        """
        Args:
            voice: The reference recording and the language to speak.
            urls: Where the replicas listen, without the path. Each speaks one text at a time.
            sample_rate: Hz of the audio given. GPT-SoVITS v1, v2 and v2Pro make 32000, v3 24000, v4 48000; sound that
                comes at another rate is resampled to this one.
            fallback: Speaks what no replica can, or can say to its end. It is its owner's to close.
            first_byte_s: A replica that sends no sound for so long is given up for the next.
            http_session: A session of the caller's; by default that of the LiveKit job.

        Raises:
            ValueError: A URL is not http:// or https://, or there is none; or the fallback voice is not mono.
        """
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=sample_rate, num_channels=1)
        self._options = Options(voice=voice, fallback=fallback)
        self._session = http_session
        self._pool = Pool([urls] if isinstance(urls, str) else urls, http=self._http, first_byte_s=first_byte_s)
        self._warming: asyncio.Task[None] | None = None
        self._fallbacks = 0

    @property
    def model(self) -> str:
        return "gpt-sovits"

    @property
    def provider(self) -> str:
        return "GPT-SoVITS"

    @property
    def voice(self) -> Voice:
        return self._options.voice

    @property
    def fallbacks(self) -> int:
        """How many clauses the fallback voice has spoken."""
        return self._fallbacks

    @property
    def pool(self) -> Pool:
        """The replicas, for whoever wants to know or to warm them."""
        return self._pool

    def update_options(
        self, *, voice: NotGivenOr[Voice] = NOT_GIVEN, fallback: NotGivenOr[tts.TTS[Any] | None] = NOT_GIVEN
    ) -> None:
        """Changes what the next stream uses; streams that already run keep theirs."""
        self._options = replace(
            self._options,
            voice=voice if is_given(voice) else self._options.voice,
            fallback=fallback if is_given(fallback) else self._options.fallback,
        )

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> SynthesizeStream:
        """Speaks one reply while it is written. `conn_options.timeout` bounds each wait for a server."""
        return SynthesizeStream(tts=self, options=self._options, conn_options=conn_options)

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> ChunkedStream:
        """Speaks `text`, as fast as the servers can. `conn_options.timeout` bounds each wait for a server."""
        return ChunkedStream(tts=self, input_text=text, options=self._options, conn_options=conn_options)

    def prewarm(self) -> None:
        """Has every replica that is cold say a word, in the background; a failure is left to the first request."""
        try:
            loop, session = asyncio.get_running_loop(), self._http()
        except RuntimeError:  # no loop, or no session, yet
            return
        if not session.closed and (self._warming is None or self._warming.done()):
            self._warming = loop.create_task(self._warm_up(), name="gpt_sovits.prewarm")

    async def aclose(self) -> None:
        """Ends what `prewarm` began, and waits for what is spoken. The HTTP session is its owner's to close."""
        if self._warming is not None:
            await utils.aio.cancel_and_wait(self._warming)
        await self._pool.aclose()

    async def _warm_up(self) -> None:
        try:
            failures = await self._pool.warm_up([self._options.voice])
        except APIError as error:  # closed meanwhile
            failures = [error.message]
        for failure in failures:
            logger.warning("a voice server is not ready: %s", failure)

    def _http(self) -> aiohttp.ClientSession:
        return self._session or utils.http_context.http_session()

    def _reading(
        self, emitter: tts.AudioEmitter, options: Options, conn_options: APIConnectOptions, *, live: bool
    ) -> Reading:
        speaker = Speaker(
            pool=self._pool,
            voice=options.voice,
            sample_rate=self.sample_rate,
            timeout_s=conn_options.timeout,
            fallback=options.fallback,
            on_fallback=self._count_fallback,
        )
        return Reading(emitter, speaker, sample_rate=self.sample_rate, language=options.voice.text_lang, live=live)

    def _count_fallback(self) -> None:
        self._fallbacks += 1
