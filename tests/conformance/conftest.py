"""Real engines for a run, and scripted servers for what a good one never does."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from aiohttp import web
from livekit.plugins import whisper

from livekit.plugins.ollama import LLM
from malbeot_local import models, ollama
from malbeot_local.cache import Cache, default_root
from malbeot_local.ollama_models import create_model
from support.ears import engines_of_our_own
from support.leaks import no_leaked_tasks
from support.speech import WHISPER_MODEL

MODEL = "conformance-smollm2"


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield


@pytest.fixture(scope="session")
def ears() -> Iterator[Path]:
    """The folder of the engines that tests start; one with the embedded Whisper model runs."""
    with engines_of_our_own() as folder:
        whisper.prewarm(WHISPER_MODEL)
        yield folder


@dataclass(frozen=True)
class OllamaServer:
    """A real `ollama serve` of our own, with one small chat model."""

    url: str
    model: str
    process: psutil.Process

    def runner_cpu_s(self) -> float:
        """CPU seconds that the processes which generate have used so far."""
        times = [child.cpu_times() for child in self.process.children(recursive=True)]
        return sum(time.user + time.system for time in times)


@pytest.fixture(scope="session")
def ollama_process() -> Iterator[tuple[str, psutil.Process]]:
    cache = Cache(default_root(os.environ))
    binary = ollama.find(cache)
    assert binary is not None, "Ollama is not on this machine: run `make servers`"
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="malbeot-ollama-")))
        log = stack.enter_context((home / "ollama.log").open("w+"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            **ollama.environment(home / "models", address),
            "OLLAMA_NUM_PARALLEL": "1",
        }
        server = subprocess.Popen(
            [binary, "serve"], env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        stack.callback(_stop, server)
        _wait_ready(f"http://{address}", server, home / "ollama.log")
        yield f"http://{address}", psutil.Process(server.pid)


@pytest.fixture
async def ollama_server(ollama_process: tuple[str, psutil.Process]) -> OllamaServer:
    url, process = ollama_process
    await create_model(url, models.smollm2(Cache(default_root(os.environ))), MODEL)
    return OllamaServer(url, MODEL, process)


def _wait_ready(url: str, server: subprocess.Popen[bytes], log: Path, *, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    with httpx.Client(trust_env=False, timeout=1.0) as client:
        while time.monotonic() < deadline:
            assert server.poll() is None, f"Ollama ended: {log.read_text()[-500:]}"
            try:
                client.get(f"{url}/api/version").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.1)
    raise AssertionError(f"Ollama is not ready after {timeout_s:g} s: {log.read_text()[-500:]}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    family = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    try:
        server.wait(15)
    finally:
        _, left = psutil.wait_procs(family, timeout=10)
        if left or server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(5)
    assert not left, f"Ollama left {len(left)} processes behind"


@pytest.fixture
async def model_at() -> AsyncIterator[Callable[..., LLM]]:
    """Makes models and closes them."""
    made: list[LLM] = []

    def make(url: str, **options: Any) -> LLM:
        made.append(LLM(**{"model": MODEL, "base_url": url, **options}))
        return made[-1]

    yield make
    for model in made:
        await model.aclose()


@dataclass
class Exchange:
    """One request to the scripted Ollama and the way to answer it."""

    asked: dict[str, Any]
    request: web.Request
    response: web.StreamResponse = field(default_factory=web.StreamResponse)

    async def head(self, status: int = 200) -> None:
        self.response.set_status(status)
        self.response.content_type = "application/x-ndjson"
        await self.response.prepare(self.request)

    async def raw(self, data: bytes) -> None:
        if not self.response.prepared:
            await self.head()
        await self.response.write(data)

    async def line(self, **values: Any) -> None:
        await self.raw(json.dumps(values).encode() + b"\n")

    async def say(self, content: str = "", **message: Any) -> None:
        """A piece of the answer."""
        await self.line(model=MODEL, message={"role": "assistant", "content": content, **message}, done=False)

    async def done(self, *, prompt: int = 60, completion: int = 3) -> None:
        """The last line of a good answer."""
        await self.line(
            model=MODEL,
            message={"role": "assistant", "content": ""},
            done=True,
            done_reason="stop",
            prompt_eval_count=prompt,
            eval_count=completion,
        )


Script = Callable[[Exchange], Awaitable[None]]


@dataclass
class ScriptedOllama:
    """A server that answers `/api/chat` as the test says. Not Ollama."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The requests so far."""


@pytest.fixture
async def scripted_ollama() -> AsyncIterator[Callable[[Script], Awaitable[ScriptedOllama]]]:
    async with AsyncExitStack() as stack:

        async def start(script: Script) -> ScriptedOllama:
            state = ScriptedOllama()

            async def chat(request: web.Request) -> web.StreamResponse:
                exchange = Exchange(await request.json(), request)
                state.asked.append(exchange.asked)
                await script(exchange)
                return exchange.response

            app = web.Application()
            app.router.add_post("/api/chat", chat)
            # A handler is cancelled when its client goes, which is how a script learns of it.
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            state.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return state

        yield start
