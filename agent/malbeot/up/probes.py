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
    reply = await get(f"{url}/api/version")
    return reply is not None and reply[0] == 200 and b'"version"' in reply[1]


async def ollama_models(url: str) -> set[str]:
    """Names of the models that the Ollama at `url` has; `:latest` is left out."""
    reply = await get(f"{url}/api/tags")
    models = json.loads(reply[1])["models"] if reply and reply[0] == 200 else []
    return {model["name"].removesuffix(":latest") for model in models}


async def is_voice_server(url: str) -> bool:
    """Whether a GPT-SoVITS `api_v2`, or its stand-in, answers: it has no health route, and refuses an empty request."""
    reply = await get(f"{url}/tts")
    return reply is not None and reply[0] in (400, 422, 500)
