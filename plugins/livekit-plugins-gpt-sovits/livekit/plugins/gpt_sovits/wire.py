"""One `POST /tts`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from .errors import NotSpeechError, mapped_errors, status_error
from .reply import SpeechReply
from .voice import Voice

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
                await _check(response, shown, text)
                reply = SpeechReply(response, shown=shown, timeout_s=timeout_s, shortest_s=shortest_s)
                if first_sound_s is not None:
                    await reply.begin()
            except BaseException:
                response.close()
                raise
    return reply


@contextlib.asynccontextmanager
async def request_speech(
    session: aiohttp.ClientSession, *, url: str, voice: Voice, text: str, timeout_s: float
) -> AsyncIterator[SpeechReply]:
    """`open_speech` for the length of a context: leaving it early closes the connection."""
    reply = await open_speech(session, url=url, voice=voice, text=text, timeout_s=timeout_s)
    try:
        yield reply
    finally:
        reply.close()


async def _check(response: aiohttp.ClientResponse, shown: str, text: str) -> None:
    """Raises unless what follows may be sound."""
    if response.status != 200:
        raise status_error(shown, response.status, await response.content.read(_LONGEST_ERROR_BODY), text=text)
    if response.content_type.startswith("text/") or response.content_type == "application/json":
        raise NotSpeechError(
            f"answered with {response.content_type} and not with sound: is this GPT-SoVITS' api_v2? "
            "(its default port is 9880; 9872 to 9874 are web pages)",
            retryable=False,
        )
