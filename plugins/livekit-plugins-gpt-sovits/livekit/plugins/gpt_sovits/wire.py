"""One `POST /tts`."""

import asyncio

import aiohttp
from yarl import URL

from .errors import NotSpeechError, mapped_errors, status_error
from .raw import RawReader
from .reply import SpeechReply
from .voice import Voice
from .wav import WavReader

CLOSE = {"Connection": "close"}
"""Headers of every request: a kept connection may be let go of as it is used, which would look like a failure."""

_LONGEST_ERROR_BODY = 4096


async def open_speech(
    session: aiohttp.ClientSession,
    *,
    url: str,
    voice: Voice,
    text: str,
    timeout_s: float,
    first_sound_s: float | None = None,
    shortest_s: float = 0.0,
) -> SpeechReply:
    """Asks for `text` in `voice`. The reply is the caller's to close.

    `timeout_s` bounds the wait for a connection and each wait for bytes, not the whole. With `first_sound_s` the first
    sound is awaited here, for no longer than that. A reply of less sound than `shortest_s` fails at its end. Raises
    `APITimeoutError`, `APIStatusError` or `APIConnectionError`.
    """
    address = URL(url) / "tts"
    shown = str(address.with_user(None))
    # `total` would cut long speeches; a server that accepts and stalls shows only in `sock_read`.
    timeout = aiohttp.ClientTimeout(total=None, connect=timeout_s, sock_connect=timeout_s, sock_read=timeout_s)
    with mapped_errors(shown, timeout_s=min(timeout_s, first_sound_s or timeout_s), speaking=lambda: False):
        async with asyncio.timeout(first_sound_s):
            response = await session.post(
                address, json=voice.request(text), headers=CLOSE, timeout=timeout, allow_redirects=False
            )
            try:
                await _check(response, shown, text, voice)
                reader = RawReader(voice.raw_rate_hz) if voice.raw_rate_hz else WavReader()
                reply = SpeechReply(response, reader, shown=shown, timeout_s=timeout_s, shortest_s=shortest_s)
                if first_sound_s is not None:
                    await reply.begin()
            except BaseException:
                response.close()
                raise
    return reply


async def _check(response: aiohttp.ClientResponse, shown: str, text: str, voice: Voice) -> None:
    """Raises unless what follows may be sound. In raw sound nothing could be told from noise later."""
    if response.status != 200:
        raise status_error(shown, response.status, await response.content.read(_LONGEST_ERROR_BODY), text=text)
    kind = response.content_type
    raw = voice.media_type == "raw"
    if kind.startswith("text/") or kind == "application/json" or (raw and kind != "audio/raw"):
        raise NotSpeechError(
            f"answered with {kind} and not with {'raw ' if raw else ''}sound: is this GPT-SoVITS' api_v2? "
            "(its default port is 9880; 9872 to 9874 are web pages)",
            retryable=False,
        )
