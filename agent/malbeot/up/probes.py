"""Ready checks: whether a server answers as what it should be."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

Check = Callable[[], Awaitable[bool]]
_TIMEOUT = aiohttp.ClientTimeout(total=2)


async def get(url: str) -> tuple[int, bytes] | None:
    """Status and body (its first MiB) of a GET, or None where nobody answers."""
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url) as response:
            return response.status, await response.content.read(1 << 20)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


def answers(url: str) -> Check:
    """Ready once a GET of `url` is answered with 200."""

    async def check() -> bool:
        reply = await get(url)
        return reply is not None and reply[0] == 200

    return check


def files_exist(*paths: Path) -> Check:
    """Ready once every file is there."""

    async def check() -> bool:
        return all(path.exists() for path in paths)

    return check


async def is_ollama(url: str) -> bool:
    """Whether Ollama answers at `url`."""
    return bool(await ollama_version(url))


async def ollama_models(url: str) -> set[str]:
    """Names of the models that the Ollama at `url` has; `:latest` is left out."""
    reply = await get(f"{url}/api/tags")
    models = json.loads(reply[1])["models"] if reply and reply[0] == 200 else []
    return {model["name"].removesuffix(":latest") for model in models}


async def ollama_version(url: str) -> str:
    """The version of the Ollama at `url`; empty where none answers."""
    reply = await get(f"{url}/api/version")
    return str(json.loads(reply[1])["version"]) if reply and reply[0] == 200 else ""


async def voice_server(url: str) -> str:
    """What answers as GPT-SoVITS' `api_v2` at `url`, by name: itself or its stand-in. Empty where nothing does.

    `api_v2` has no health route: it refuses a request without a text, and knows no page at `/`.
    The stand-in says there what it is.
    """
    refusal = await get(f"{url}/tts")
    if refusal is None or refusal[0] not in (400, 422, 500):
        return ""
    about = await get(url)
    return "the stand-in voice" if about and b"stands_in_for" in about[1] else "GPT-SoVITS"
