"""Ready checks: whether a server answers as what it should be."""

import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import aiohttp

Check = Callable[[], Awaitable[bool]]
_TIMEOUT = aiohttp.ClientTimeout(total=3, sock_connect=2, sock_read=2)
_UNKNOWN_LANGUAGE = "text=-&text_lang=none&ref_audio_path=-&prompt_lang=none"


async def get(url: str, *, verify: bool = True) -> tuple[int, bytes] | None:
    """Status and body (its first MiB) of a GET, or None where nobody answers or, unless `verify` is off, as somebody
    else."""
    try:
        return await _get(url, verify=verify)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


async def _get(url: str, *, verify: bool = True) -> tuple[int, bytes]:
    """The same, with aiohttp's errors."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url, ssl=verify) as response:
        return response.status, await response.content.read(1 << 20)


def answers(url: str, *, verify: bool = True) -> Check:
    """Ready once a GET of `url` is answered with 200; `verify` off: whatever its certificate says."""

    async def check() -> bool:
        reply = await get(url, verify=verify)
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
    with contextlib.suppress(ValueError, KeyError, TypeError):  # something else answers there
        if (reply := await get(f"{url}/api/tags")) and reply[0] == 200:
            return {model["name"].removesuffix(":latest") for model in json.loads(reply[1])["models"]}
    return set()


async def ollama_version(url: str) -> str:
    """The version of the Ollama at `url`; empty where none answers."""
    with contextlib.suppress(ValueError, KeyError, TypeError):  # something else answers there
        if (reply := await get(f"{url}/api/version")) and reply[0] == 200:
            return str(json.loads(reply[1])["version"])
    return ""


class VoiceKind(Enum):
    """What answers at a voice server's address. The values are its names, for people."""

    API_V2 = "GPT-SoVITS"
    STAND_IN = "the stand-in voice"
    GRADIO = "a Gradio page"
    OTHER = "something else"
    SILENT = "nothing in time"
    """It takes the connection and does not answer: busy with a whole sentence (streaming mode 0), or stuck."""
    NOBODY = "nobody"


@dataclass(frozen=True)
class VoiceAnswer:
    """Who answers, the status of the first reply (0 where there is none) and, of `api_v2`, its model's version."""

    kind: VoiceKind
    status: int = 0
    version: str = ""

    @property
    def speaks(self) -> bool:
        """Whether it is GPT-SoVITS' `api_v2`, itself or its stand-in."""
        return self.kind in (VoiceKind.API_V2, VoiceKind.STAND_IN)


async def voice_answer(url: str) -> VoiceAnswer:
    """Asks `url` three things that make no sound and change nothing.

    `api_v2` has no health route. It refuses a request without parameters (500) and one in a language that it does
    not have (400, JSON), whose message names the version of the loaded model. It knows no page at `/`; the stand-in
    says there what it is.
    """
    try:
        status, _ = await _get(f"{url}/tts")
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return VoiceAnswer(VoiceKind.NOBODY)
    except TimeoutError:
        return VoiceAnswer(VoiceKind.SILENT)
    except (aiohttp.ClientError, OSError):
        return VoiceAnswer(VoiceKind.OTHER)
    about = await get(url)
    page = about[1] if about else b""
    refusal = message(await get(f"{url}/tts?{_UNKNOWN_LANGUAGE}")) if status in (400, 422, 500) else None
    if refusal is None:
        return VoiceAnswer(VoiceKind.GRADIO if b"gradio" in page.lower() else VoiceKind.OTHER, status)
    version = re.search(r"\bversion (v\d\w*)", refusal)
    kind = VoiceKind.STAND_IN if b"stands_in_for" in page else VoiceKind.API_V2
    return VoiceAnswer(kind, status, version[1] if version else "")


async def voice_server(url: str) -> str:
    """What answers as GPT-SoVITS' `api_v2` at `url`, by name: itself or its stand-in. Empty where nothing does."""
    answer = await voice_answer(url)
    return answer.kind.value if answer.speaks else ""


def message(reply: tuple[int, bytes] | None) -> str | None:
    """The message of `api_v2`'s refusal; None where the reply is none."""
    if reply is None or reply[0] != 400:
        return None
    try:
        said = json.loads(reply[1])["message"]
    except (ValueError, TypeError, KeyError):
        return None
    return said if isinstance(said, str) else None
