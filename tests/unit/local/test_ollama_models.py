"""Models of a running Ollama: against a server that is scripted as its documentation says, and against the real one."""

import asyncio
import hashlib
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from malbeot_local import models, ollama, ollama_models
from malbeot_local.cache import Cache, default_root
from malbeot_local.errors import LocalError

GGUF = b"GGUF and then some" * 1000
DIGEST = hashlib.sha256(GGUF).hexdigest()


class Script:
    """The part of Ollama's HTTP interface that is used, over models and blobs in memory."""

    def __init__(self) -> None:
        self.blobs: set[str] = set()
        self.models: dict[str, dict[str, Any]] = {}
        self.created = 0
        self.pull: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/api/blobs/"):
            return await self._blob(request, request.path.removeprefix("/api/blobs/"))
        asked = await request.json()
        if request.path == "/api/show":
            model = self.models.get(asked["model"])
            return web.json_response(model or {"error": "model not found"}, status=200 if model else 404)
        if request.path == "/api/create":
            self.created += 1
            (digest,) = asked["files"].values()
            assert digest in self.blobs
            stops = "\n".join(f'stop                           "{stop}"' for stop in asked["parameters"]["stop"])
            self.models[asked["model"]] = {
                "modelfile": f"FROM /models/blobs/{digest.replace(':', '-')}\n",
                "template": asked["template"],
                "parameters": stops,
            }
            return web.Response(text='{"status":"success"}\n')
        return web.Response(text="".join(json.dumps(event) + "\n" for event in self.pull))

    async def _blob(self, request: web.Request, digest: str) -> web.Response:
        if request.method == "HEAD":
            return web.Response(status=200 if digest in self.blobs else 404)
        content = await request.read()
        assert digest == "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs.add(digest)
        return web.Response(status=201)


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    file = tmp_path / "model.gguf"
    file.write_bytes(GGUF)
    return file


async def test_a_model_is_made_once(serve, gguf: Path) -> None:
    script = Script()
    async with serve(script.answer) as url:
        assert await ollama.create_model(url, gguf, "companion")
        assert not await ollama.create_model(url, gguf, "companion")
    assert script.created == 1
    assert script.blobs == {f"sha256:{DIGEST}"}


async def test_a_model_of_that_name_with_another_file_or_template_is_made_anew(serve, gguf: Path) -> None:
    script = Script()
    async with serve(script.answer) as url:
        await ollama.create_model(url, gguf, "companion")
        script.models["companion"]["template"] = "{{ .Prompt }}"
        assert await ollama.create_model(url, gguf, "companion")
        await asyncio.to_thread(gguf.write_bytes, GGUF + b"!")
        assert await ollama.create_model(url, gguf, "companion")
    assert script.created == 3


async def test_a_refusal_is_one_line(serve, gguf: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/api/create":
            return web.Response(text='{"status":"parsing"}\n{"error":"invalid GGUF"}\n')
        return web.Response(status=404)

    async def upset(request: web.Request) -> web.Response:
        return web.json_response({"error": "out of memory"}, status=500)

    async with serve(upset) as url:
        with pytest.raises(LocalError, match="Ollama answered 500: out of memory"):
            await ollama.create_model(url, gguf)

    async def accept_blobs(request: web.Request) -> web.Response:
        known = request.path.startswith("/api/blobs")
        return web.Response(status=200) if known else await handler(request)

    async with serve(accept_blobs) as url:
        with pytest.raises(LocalError, match="Ollama: invalid GGUF"):
            await ollama.create_model(url, gguf)


async def test_nobody_there(gguf: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(LocalError, match=f"Ollama at {url} cannot be reached: start it with `ollama serve`"):
        await ollama.create_model(url, gguf)


async def test_the_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"cannot be read .*: run `make models`"):
        await ollama.create_model("http://127.0.0.1:1", tmp_path / "none.gguf")


async def test_a_pull_reports_percent_over_all_layers(
    serve, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama_models, "Transfer", _Eager)
    script = Script()
    script.pull = [
        {"status": "pulling manifest"},
        {"status": "pulling a", "digest": "sha256:a", "total": 3_000_000},
        {"status": "pulling b", "digest": "sha256:b", "total": 1_000_000, "completed": 1_000_000},
        {"status": "pulling a", "digest": "sha256:a", "total": 3_000_000, "completed": 3_000_000},
        {"status": "success"},
    ]
    async with serve(script.answer) as url:
        await ollama.pull(url, "gemma3:4b", reports.append)
    assert reports == [
        "model gemma3:4b: Ollama is downloading it",
        "model gemma3:4b: 0 % of 3 MB",
        "model gemma3:4b: 25 % of 4 MB",
        "model gemma3:4b: 100 % of 4 MB",
        "model gemma3:4b: ready",
    ]


class _Eager(ollama_models.Transfer):
    """Reports every step, whatever the clock says."""

    def __init__(self, what: str, report: Any) -> None:
        super().__init__(what, report, every_s=0)


async def test_a_model_that_nobody_has(serve, reports: list[str]) -> None:
    script = Script()
    script.pull = [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
    async with serve(script.answer) as url:
        with pytest.raises(LocalError, match=r"model none was not downloaded: .*file does not exist; check its name"):
            await ollama.pull(url, "none", reports.append)


@asynccontextmanager
async def running_ollama(folder: Path) -> AsyncIterator[str]:
    program = await asyncio.to_thread(ollama.find, Cache(default_root(os.environ)))
    assert program, "run `make servers`"
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], **ollama.environment(folder / "models", host)}
    server = await asyncio.create_subprocess_exec(
        program, "serve", env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while True:
                try:
                    async with session.get(f"http://{host}/api/version"):
                        break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)
        yield f"http://{host}"
    finally:
        server.terminate()
        await server.wait()


@pytest.mark.servers
@pytest.mark.models
async def test_the_embedded_model_answers_in_a_real_ollama(tmp_path: Path) -> None:
    gguf = models.smollm2(Cache(default_root(os.environ)))
    tool = {"type": "function", "function": {"name": "clock", "description": "Time", "parameters": {"type": "object"}}}
    async with running_ollama(tmp_path) as url, aiohttp.ClientSession() as session:
        assert await ollama.create_model(url, gguf)
        assert not await ollama.create_model(url, gguf)
        request = {
            "model": ollama.EMBEDDED_MODEL,
            "messages": [{"role": "user", "content": "Say hello."}],
            "tools": [tool],
            "think": False,
            "stream": False,
            "options": {"num_predict": 40, "temperature": 0},
        }
        async with session.post(f"{url}/api/chat", json=request) as response:
            answer = await response.json()
        rendered = {**request, "_debug_render_only": True}
        async with session.post(f"{url}/api/chat", json=rendered) as response:
            prompt = (await response.json())["_debug_info"]["rendered_template"]
    assert answer["message"]["content"].strip()
    assert "<|im_" not in answer["message"]["content"]
    assert '"name":"clock"' in prompt
    assert prompt.endswith("<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n")
