"""Models of a running Ollama, through its HTTP interface (docs/api.md of Ollama 0.24)."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp

from .errors import LocalError
from .progress import Report, Transfer

EMBEDDED_MODEL = "malbeot-smollm2"
"""The embedded chat model's name in Ollama."""

TEMPLATE = resources.files(__package__).joinpath("smollm2.template").read_text(encoding="utf-8")
"""ChatML, which SmolLM2-Instruct was trained on (tokenizer_config.json of the model), with its form of tool calls."""
STOP = ("<|im_start|>", "<|im_end|>")

_CONNECT_S = 3.0
_CREATE_STALL_S = 120.0
_PULL_STALL_S = 60.0


async def create_model(ollama_url: str, gguf: Path, name: str = EMBEDDED_MODEL) -> bool:
    """Makes the chat model `name` in the Ollama at `ollama_url` from the file `gguf`, unless it is there as such.

    Returns whether it had to be made. Nothing leaves this machine but to `ollama_url`. Raises
    `LocalError` where the file cannot be read or Ollama cannot be reached or refuses.
    """
    try:
        digest = "sha256:" + await asyncio.to_thread(_sha256, gguf)
    except OSError as error:
        raise LocalError(f"{gguf} cannot be read ({error.strerror}): run `make models`") from error
    async with _session(ollama_url, stall_s=_CREATE_STALL_S) as session:
        if await _is_same(session, name, digest):
            return False
        async with session.head(f"/api/blobs/{digest}") as response:
            known = response.status == 200
        if not known:
            with await asyncio.to_thread(gguf.open, "rb") as file:
                async with session.post(f"/api/blobs/{digest}", data=file) as response:
                    await _refuse_errors(response)
        request = {
            "model": name,
            "files": {gguf.name: digest},
            "template": TEMPLATE,
            "parameters": {"stop": list(STOP)},
        }
        async with session.post("/api/create", json=request) as response:
            async for _ in _events(response):
                pass
    return True


async def pull(ollama_url: str, model: str, report: Report) -> None:
    """Has the Ollama at `ollama_url` download `model` from its library, reporting by percent.

    Raises `LocalError` where Ollama cannot be reached, does not know the model or loses the connection.
    """
    what = f"model {model}"
    report(f"{what}: Ollama is downloading it")
    try:
        await _pull(ollama_url, model, Transfer(what, report))
    except LocalError as error:
        raise LocalError(f"{what} was not downloaded: {error}; check its name and the network") from error
    report(f"{what}: ready")


async def _pull(ollama_url: str, model: str, transfer: Transfer) -> None:
    layers: dict[str, tuple[int, int]] = {}
    async with (
        _session(ollama_url, stall_s=_PULL_STALL_S) as session,
        session.post("/api/pull", json={"model": model}) as response,
    ):
        async for event in _events(response):
            if event.get("digest") and event.get("total"):
                layers[event["digest"]] = (event.get("completed", 0), event["total"])
                transfer.update(sum(done for done, _ in layers.values()), sum(total for _, total in layers.values()))


@asynccontextmanager
async def _session(ollama_url: str, *, stall_s: float) -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S, sock_read=stall_s)
    try:
        async with aiohttp.ClientSession(ollama_url.rstrip("/") + "/", timeout=timeout) as session:
            yield session
    except aiohttp.ServerTimeoutError as error:
        raise LocalError(f"Ollama at {ollama_url} does not answer: look into its log") from error
    except aiohttp.ClientPayloadError as error:
        raise LocalError(f"Ollama at {ollama_url} broke off its answer: look into its log") from error
    except aiohttp.ClientError as error:
        raise LocalError(f"Ollama at {ollama_url} cannot be reached: start it with `ollama serve`") from error


async def _is_same(session: aiohttp.ClientSession, name: str, digest: str) -> bool:
    """Whether Ollama's model `name` has this file, our template and our stop words."""
    async with session.post("/api/show", json={"model": name}) as response:
        if response.status == 404:
            return False
        await _refuse_errors(response)
        shown = await response.json()
    file = digest.replace(":", "-")
    same_file = any(
        line.startswith("FROM ") and line.endswith(file) for line in shown.get("modelfile", "").splitlines()
    )
    stops = {line.split(maxsplit=1)[1].strip('"') for line in shown.get("parameters", "").splitlines() if " " in line}
    return same_file and shown.get("template") == TEMPLATE and stops == set(STOP)


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The JSON lines of an answer. Raises `LocalError` for one that tells an error."""
    await _refuse_errors(response)
    async for line in response.content:
        if not line.strip():
            continue
        event: dict[str, Any] = json.loads(line)
        if "error" in event:
            raise LocalError(f"Ollama: {event['error']}")
        yield event


async def _refuse_errors(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    text = await response.text()
    try:
        reason = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        reason = text.strip() or response.reason
    raise LocalError(f"Ollama answered {response.status}: {reason}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
