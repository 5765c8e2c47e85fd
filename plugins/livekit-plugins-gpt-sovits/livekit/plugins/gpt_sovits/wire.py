"""One `POST /tts`, and the sound that comes back."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from .errors import NotSpeechError, mapped_errors, status_error
from .voice import Voice
from .wav import WavReader

FAILURE_RATE = 16000
"""Hz. No GPT-SoVITS model speaks at this rate (24000, 32000 or 48000): the server marks a failed synthesis with it."""

_LONGEST_ERROR_BODY = 4096


class SpeechReply:
    """The sound of one text as it arrives: int16 mono in pieces, at `sample_rate` Hz once the first is there."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._reader = WavReader()

    @property
    def sample_rate(self) -> int:
        assert self._reader.format is not None, "known from the first piece on"
        return self._reader.format.sample_rate

    @property
    def speaking(self) -> bool:
        """Whether sound has arrived."""
        return self._reader.received > 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """Whole samples, as soon as they arrive."""
        async for data in self._response.content.iter_any():
            samples = self._reader.feed(data)
            if self._reader.format is not None and self.sample_rate == FAILURE_RATE:
                raise NotSpeechError(f"failed to speak: it sent its {FAILURE_RATE} Hz mark of failure", retryable=True)
            if samples:
                yield samples
        self._reader.finish()
        if not self.speaking:
            raise NotSpeechError("sent no sound for a text that has words", retryable=False)


@contextlib.asynccontextmanager
async def request_speech(
    session: aiohttp.ClientSession, *, url: str, voice: Voice, text: str, timeout_s: float
) -> AsyncIterator[SpeechReply]:
    """Asks for `text` in `voice`; the reply is read inside the context, and leaving it early closes the connection.

    `timeout_s` bounds the wait for a connection and each wait for bytes, not the whole. Raises `APITimeoutError`,
    `APIStatusError` or `APIConnectionError`, inside the context too.
    """
    address = URL(url) / "tts"
    # `total` would cut long speeches; a server that accepts and stalls shows only in `sock_read`.
    timeout = aiohttp.ClientTimeout(total=None, connect=timeout_s, sock_connect=timeout_s, sock_read=timeout_s)
    reply: SpeechReply | None = None
    shown = str(address.with_user(None))
    with mapped_errors(shown, timeout_s=timeout_s, speaking=lambda: reply is not None and reply.speaking):
        async with session.post(address, json=voice.request(text), timeout=timeout, allow_redirects=False) as response:
            if response.status != 200:
                body = await response.content.read(_LONGEST_ERROR_BODY)
                raise status_error(shown, response.status, body, text=text)
            if response.content_type.startswith("text/") or response.content_type == "application/json":
                raise NotSpeechError(
                    f"answered with {response.content_type} and not with sound: is this GPT-SoVITS' api_v2? "
                    "(its default port is 9880; 9872 to 9874 are web pages)",
                    retryable=False,
                )
            reply = SpeechReply(response)
            yield reply
