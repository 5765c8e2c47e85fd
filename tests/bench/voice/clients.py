"""Whose voices are compared, all asking the same servers for the same."""

from collections.abc import Sequence
from typing import Any

import aiohttp
from livekit.agents import tts
from livekit.plugins import gpt_sovits

from bench.voice.plain import Plain, adapted
from bench.voice.replies import Language

OURS, ADAPTER, ADAPTER_WHOLE = "ours", "adapter", "adapter, whole"
CLIENTS = (OURS, ADAPTER, ADAPTER_WHOLE)

_FIELDS: dict[str, Any] = {
    "ref_audio_path": "voices/june.wav",
    "prompt_lang": "en",
    "text_split_method": "cut0",
    "seed": 1,  # the stand-in then says a text in the same samples every time
}


def voice(language: Language) -> gpt_sovits.Voice:
    return gpt_sovits.Voice(text_lang=language, **_FIELDS)


def request(language: Language) -> dict[str, Any]:
    """The same as fields of a request."""
    return {**_FIELDS, "text_lang": language}


def ours(
    urls: str | Sequence[str], language: Language, session: aiohttp.ClientSession, **options: Any
) -> gpt_sovits.TTS:
    return gpt_sovits.TTS(voice=voice(language), urls=urls, http_session=session, **options)


def plain(url: str, language: Language, session: aiohttp.ClientSession, *, streaming: bool = True) -> Plain:
    return Plain(url, request(language), session=session, streaming=streaming)


def client(name: str, url: str, language: Language, session: aiohttp.ClientSession) -> tts.TTS[Any]:
    """One of CLIENTS."""
    if name == OURS:
        return ours(url, language, session)
    return adapted(plain(url, language, session, streaming=name == ADAPTER))
