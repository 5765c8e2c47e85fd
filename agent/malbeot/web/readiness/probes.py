"""How each dependency is asked. Nothing here changes a server, loads a model or makes a sound."""

import asyncio
import functools
import json
from collections.abc import Mapping

import aiohttp

from malbeot import ears
from malbeot.errors import MalbeotError
from malbeot.livekit_server import unreachable
from malbeot.settings import AUTO, Settings
from malbeot.up import probes
from malbeot.up.probes import VoiceKind
from malbeot.web.page_files import STATIC
from malbeot.web.places import Places, Unavailable
from malbeot.web.readiness.dependency import Probe, State
from malbeot.workers_here import calls_here

Told = tuple[State, str]
_VOICE_WITHIN_S = 1.8
"""Less than all the time there is for an answer, so that one silent replica does not hide how the others are."""


def probes_of(settings: Settings, http: aiohttp.ClientSession, places: Places) -> Mapping[str, Probe]:
    """By name, what calls depend on with these settings."""
    return {
        "livekit": functools.partial(_livekit, settings),
        "places": functools.partial(_places, places, settings.max_calls),
        "worker": functools.partial(_worker, settings, http),
        "speech recognition": functools.partial(_ears, settings),
        "language model": functools.partial(_language_model, settings, http),
        "voice": functools.partial(_voice, settings),
        "page": _page,
    }


async def _livekit(settings: Settings) -> Told:
    try:
        reason = await unreachable(settings)
    except MalbeotError as error:
        return "down", str(error)
    if reason:
        return (
            "down",
            f"LiveKit server at {settings.livekit_url} does not answer ({reason}): start it, or mend LIVEKIT_URL",
        )
    return "ready", f"{settings.livekit_url} answers and takes our keys"


async def _places(places: Places, limit: int) -> Told:
    try:
        return "ready", f"{await places.taken()} of {limit} are taken"
    except Unavailable as error:
        return "down", str(error)


async def _worker(settings: Settings, http: aiohttp.ClientSession) -> Told:
    if calls := await calls_here(settings.malbeot_state, http):
        return "ready", f"{len(calls)} here, with {sum(calls)} of {settings.max_calls * len(calls)} calls"
    # With a LiveKit of this machine alone, who answers is on this machine.
    if settings.livekit_is_local and not settings.redis_url:
        return "down", "no worker answers calls on this machine: run `malbeot start`"
    return "unknown", "none runs here; workers on other machines cannot be asked from this one"


async def _ears(settings: Settings) -> Told:
    if settings.stt_provider != "whisper":
        return "unknown", f"Amazon Transcribe in {settings.aws_region} is not asked"
    try:
        address = ears.address_in(settings.malbeot_state) if settings.ears_url == AUTO else settings.ears_url
        engine = await ears.find(settings, address)
    except MalbeotError as error:
        return "down", str(error)
    if engine:
        return "ready", f"Whisper {engine} at {address}"
    if settings.ears_url == AUTO:
        return "unknown", "no engine in MALBEOT_STATE; the worker finds or starts one of its own"
    return "down", ears.missing(settings)


async def _language_model(settings: Settings, http: aiohttp.ClientSession) -> Told:
    match settings.llm_provider:
        case "ollama":
            return await _ollama(settings, http)
        case "openai":
            return await _openai(settings, http)
        case _:
            return "unknown", f"Amazon Bedrock in {settings.aws_region} is not asked"


async def _ollama(settings: Settings, http: aiohttp.ClientSession) -> Told:
    url, model = settings.ollama_url, settings.chat_model.removesuffix(":latest")
    if not await probes.is_ollama(url):
        return "down", f"no Ollama answers at {url}: start it, or mend OLLAMA_URL"
    if model not in await probes.ollama_models(url):
        return "down", f"Ollama at {url} does not have {model}: run `ollama pull {model}`"
    if model in await _loaded(url):
        return "ready", f"{model} is loaded"
    return "cold", f"{model} is there and not loaded: the first answer takes longer"


async def _loaded(url: str) -> set[str]:
    reply = await probes.get(f"{url}/api/ps")
    try:
        return {model["name"].removesuffix(":latest") for model in json.loads(reply[1])["models"]} if reply else set()
    except (ValueError, KeyError, TypeError):
        return set()


async def _openai(settings: Settings, http: aiohttp.ClientSession) -> Told:
    url, key = settings.openai_base_url, settings.openai_api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    try:
        async with http.get(f"{url}/models", headers=headers, allow_redirects=False) as response:
            status = response.status
    except (aiohttp.ClientError, OSError) as error:
        return "down", f"{url} does not answer ({type(error).__name__}): start it, or mend OPENAI_BASE_URL"
    if status in (401, 403):
        return "down", f"{url} refuses our key: mend OPENAI_API_KEY"
    if status != 200:
        return "down", f"{url}/models answered {status}: mend OPENAI_BASE_URL"
    return "ready", f"{url} answers"


async def _voice(settings: Settings) -> Told:
    if settings.tts_provider != "gpt_sovits":
        return "unknown", f"Amazon Polly in {settings.aws_region} is not asked"
    urls = settings.gpt_sovits_urls
    kinds = await asyncio.gather(*(_voice_kind(url) for url in urls))
    speaking = [kind for kind in kinds if kind in (VoiceKind.API_V2, VoiceKind.STAND_IN)]
    each = "; ".join(f"{url}: {kind.value}" for url, kind in zip(urls, kinds, strict=True))
    if speaking:
        return "ready", f"{len(speaking)} of {len(urls)} answer: {each}"
    if VoiceKind.SILENT in kinds:
        return "unknown", f"busy with a whole sentence, or stuck: {each}"
    return "down", f"no voice server answers: start GPT-SoVITS, or mend GPT_SOVITS_URLS ({each})"


async def _voice_kind(url: str) -> VoiceKind:
    try:
        async with asyncio.timeout(_VOICE_WITHIN_S):
            return (await probes.voice_answer(url)).kind
    except TimeoutError:
        return VoiceKind.SILENT


async def _page() -> Told:
    if (STATIC / "index.html").is_file():
        return "ready", "built"
    return "down", "the caller page is not built: run `make page`"
