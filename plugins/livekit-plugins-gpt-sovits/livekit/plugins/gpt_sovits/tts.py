"""GPT-SoVITS as a LiveKit TTS."""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import Never

import aiohttp
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr, tts, utils
from livekit.agents.utils import is_given
from yarl import URL

from .log import logger
from .voice import Voice
from .wire import request_speech

DEFAULT_URL = "http://127.0.0.1:9880"
_UNSPEAKABLE_S = 0.1


@dataclass(frozen=True)
class _Options:
    url: str
    voice: Voice

    def __post_init__(self) -> None:
        if URL(self.url).scheme not in ("http", "https") or not URL(self.url).host:
            raise ValueError(f"{self.url!r} is not the URL of a voice server: it should look like {DEFAULT_URL}")


class TTS(tts.TTS[Never]):
    """Speech by a server with GPT-SoVITS' `api_v2` interface. Mono int16 at `sample_rate`.

    `stream()` is not offered: an `AgentSession` cuts replies into sentences and has each synthesized.
    """

    def __init__(
        self,
        *,
        voice: Voice,
        url: str = DEFAULT_URL,
        sample_rate: int = 32000,
        http_session: aiohttp.ClientSession | None = None,
    ) -> None:
        """
        Args:
            voice: The reference recording and the language to speak.
            url: Where the server listens, without the path.
            sample_rate: Hz of the audio given. GPT-SoVITS v1, v2 and v2Pro make 32000, v3 24000, v4 48000; sound that
                comes at another rate is resampled to this one.
            http_session: A session of the caller's; by default that of the LiveKit job.

        Raises:
            ValueError: The URL is not http:// or https://.
        """
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=sample_rate, num_channels=1)
        self._options = _Options(url=url, voice=voice)
        self._session = http_session
        self._prewarming: asyncio.Task[None] | None = None
        self._resampled_from: set[int] = set()

    @property
    def model(self) -> str:
        return "gpt-sovits"

    @property
    def provider(self) -> str:
        return "GPT-SoVITS"

    @property
    def voice(self) -> Voice:
        return self._options.voice

    def update_options(self, *, voice: NotGivenOr[Voice] = NOT_GIVEN, url: NotGivenOr[str] = NOT_GIVEN) -> None:
        """Changes what the next `synthesize` uses; streams that already run keep theirs."""
        self._options = replace(
            self._options,
            voice=voice if is_given(voice) else self._options.voice,
            url=url if is_given(url) else self._options.url,
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "ChunkedStream":
        """Speaks `text`. `conn_options.timeout` bounds each wait for the server, not the whole reply."""
        return ChunkedStream(tts=self, input_text=text, conn_options=conn_options)

    def prewarm(self) -> None:
        """Opens a connection ahead of the first request, in the background; a failure is left to that request."""
        with contextlib.suppress(RuntimeError):  # no loop, or no session, yet: then there is nothing to keep open
            loop, session = asyncio.get_running_loop(), self._ensure_session()
            if self._prewarming is None or self._prewarming.done():
                self._prewarming = loop.create_task(self._open_connection(session), name="gpt_sovits.prewarm")

    async def aclose(self) -> None:
        """Ends what `prewarm` began. The HTTP session is its owner's to close."""
        if self._prewarming is not None:
            await utils.aio.cancel_and_wait(self._prewarming)
            self._prewarming = None

    async def _open_connection(self, session: aiohttp.ClientSession) -> None:
        timeout = aiohttp.ClientTimeout(total=DEFAULT_API_CONNECT_OPTIONS.timeout)
        try:
            async with session.get(self._options.url, timeout=timeout, allow_redirects=False) as response:
                await response.read()  # a 404, from GPT-SoVITS; read to the end, the connection is kept
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.debug("no connection ahead of time to the voice server", extra={"error": type(error).__name__})

    def _ensure_session(self) -> aiohttp.ClientSession:
        return self._session or utils.http_context.http_session()

    def _resampler(self, rate: int) -> rtc.AudioResampler:
        if rate not in self._resampled_from:
            self._resampled_from.add(rate)
            logger.warning(
                "the voice server speaks at %d Hz: resampling to %d Hz; give TTS(sample_rate=%d) to avoid it",
                rate,
                self.sample_rate,
                rate,
            )
        return rtc.AudioResampler(rate, self.sample_rate, num_channels=1, quality=rtc.AudioResamplerQuality.HIGH)


class ChunkedStream(tts.ChunkedStream):
    """One text, one request. Audio is given as it arrives, at the TTS's declared rate whatever the server's is."""

    def __init__(self, *, tts: TTS, input_text: str, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=tts, input_text=input_text, conn_options=conn_options)
        self._gpt_sovits = tts
        self._options = tts._options

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=self._gpt_sovits.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
        )
        if not any(character.isalnum() for character in self._input_text):
            # The server has nothing to say to "…" or an emoji, and the framework takes no sound for a failure.
            if self._input_text.strip():
                output_emitter.push(bytes(2 * int(self._gpt_sovits.sample_rate * _UNSPEAKABLE_S)))
            return
        async with request_speech(
            self._gpt_sovits._ensure_session(),
            url=self._options.url,
            voice=self._options.voice,
            text=self._input_text,
            timeout_s=self._conn_options.timeout,
        ) as reply:
            resampler: rtc.AudioResampler | None = None
            async for samples in reply.pieces():
                if reply.sample_rate == self._gpt_sovits.sample_rate:
                    output_emitter.push(samples)
                    continue
                resampler = resampler or self._gpt_sovits._resampler(reply.sample_rate)
                for frame in resampler.push(bytearray(samples)):
                    output_emitter.push(bytes(frame.data))
            for frame in resampler.flush() if resampler else []:
                output_emitter.push(bytes(frame.data))
