"""What `malbeot doctor` says of a voice server: over real sockets, with an `nvidia-smi` that reads its lines out."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from malbeot import gpu
from malbeot.finding import Finding
from malbeot.gpu import gpus
from malbeot.up import probes
from malbeot.up.probes import VoiceKind, voice_answer
from malbeot.voice_check import NEEDS, voice_server
from malbeot_local.cache import Cache

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOBODY = "http://127.0.0.1:1"
ROOMY = "NVIDIA GeForce RTX 4090, 24564, 20480"
FULL = "NVIDIA GeForce RTX 3060, 12288, 512"


def api_v2(version: str) -> Handler:
    """GPT-SoVITS' `api_v2`, as far as it refuses."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/tts":
            return web.json_response({"detail": "Not Found"}, status=404)
        language = request.query.get("text_lang")
        if language is None:
            return web.Response(text="Internal Server Error", status=500)
        assert language == "none", "the check must not make the server speak"
        said = f"text_lang: {language} is not supported" + (f" in version {version}" if version else "")
        return web.json_response({"message": said}, status=400)

    return answer


async def stand_in(request: web.Request) -> web.StreamResponse:
    if request.path == "/":
        return web.json_response({"stands_in_for": "GPT-SoVITS api_v2"})
    return await api_v2("v2")(request)


async def gradio(request: web.Request) -> web.StreamResponse:
    if request.path == "/":
        return web.Response(text="<script>window.gradio_config = {};</script>", content_type="text/html")
    return web.json_response({"detail": "Not Found"}, status=404)


async def always_broken(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<h1>Internal Server Error</h1>", status=500, content_type="text/html")


async def bad_gateway(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<h1>502 Bad Gateway</h1>", status=502, content_type="text/html")


async def other_refusal(request: web.Request) -> web.StreamResponse:
    return web.json_response(["no", "message"], status=400)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[str]:
    """A server that takes connections and does what HTTP does not know."""
    writers = []

    async def taken(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        answer(writer)

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


@pytest.fixture(autouse=True)
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`nvidia_smi(script)` puts a stand-in of that name on PATH; until then there is none."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def install(script: str) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return install


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], Awaitable[Finding]]:
    return lambda url: voice_server(url, Cache(tmp_path))


@pytest.mark.parametrize("version", NEEDS)
async def test_the_loaded_models_version_is_told(check: Callable[[str], Awaitable[Finding]], version: str) -> None:
    async with serving(api_v2(version)) as url:
        finding = await check(url)
    assert finding.state.startswith(f"GPT-SoVITS answers, model version {version}")
    assert ("no Korean" in finding.state) == (version == "v1")
    assert not finding.advice


async def test_a_server_that_hides_its_version_is_known_all_the_same(
    check: Callable[[str], Awaitable[Finding]],
) -> None:
    async with serving(api_v2("")) as url:
        assert await check(url) == Finding(f"voice server at {url}", "GPT-SoVITS answers")


async def test_the_stand_in_is_no_gpt_sovits(check: Callable[[str], Awaitable[Finding]]) -> None:
    async with serving(stand_in) as url:
        assert await check(url) == Finding(f"voice server at {url}", "the stand-in voice answers")
        assert await probes.voice_server(url) == "the stand-in voice"


@pytest.mark.parametrize(
    ("handler", "kind", "said", "advice"),
    [
        (gradio, VoiceKind.GRADIO, "a Gradio page answers", "port 9880"),
        (always_broken, VoiceKind.OTHER, "answers GET /tts with 500", "api_v2 itself"),
        (bad_gateway, VoiceKind.OTHER, "answers GET /tts with 502", "a proxy in between"),
        (other_refusal, VoiceKind.OTHER, "answers GET /tts with 400", "api_v2 itself"),
    ],
)
async def test_what_is_no_voice_server_is_called_so_and_never_used(
    check: Callable[[str], Awaitable[Finding]], handler: Handler, kind: VoiceKind, said: str, advice: str
) -> None:
    async with serving(handler) as url:
        assert (await voice_answer(url)).kind is kind
        assert await probes.voice_server(url) == ""
        finding = await check(url)
    assert said in finding.state
    assert advice in finding.advice
    assert "GPT_SOVITS_URLS" in finding.advice


async def test_a_connection_that_breaks_off_is_no_traceback(check: Callable[[str], Awaitable[Finding]]) -> None:
    async with raw_server(lambda writer: writer.transport.abort()) as url:
        assert "breaks the connection off" in (await check(url)).state


async def test_a_busy_server_is_not_called_dead(
    check: Callable[[str], Awaitable[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_TIMEOUT", aiohttp.ClientTimeout(sock_read=0.2))
    async with raw_server(lambda writer: None) as url:
        finding = await check(url)
    assert "busy with a whole sentence, or stuck" in finding.state
    assert "restart" in finding.advice


async def test_where_nobody_listens_the_stand_in_is_offered(check: Callable[[str], Awaitable[Finding]]) -> None:
    finding = await check(NOBODY)
    assert finding.state == "does not answer; the stand-in's voice is missing too"
    assert "`malbeot up`" in finding.advice


@pytest.mark.parametrize(("card", "verdict"), [(ROOMY, "enough for v2ProPlus"), (FULL, "too little for v2ProPlus")])
async def test_where_a_gpu_is_its_room_is_held_against_the_need(
    check: Callable[[str], Awaitable[Finding]], nvidia_smi: Callable[[str], None], card: str, verdict: str
) -> None:
    nvidia_smi(f"echo '{card}'")
    finding = await check(NOBODY)
    assert verdict in finding.state
    assert "infra/gpt-sovits/README.md" in finding.advice


async def test_a_running_server_needs_room_to_speak(
    check: Callable[[str], Awaitable[Finding]], nvidia_smi: Callable[[str], None]
) -> None:
    nvidia_smi(f"echo '{FULL}'")
    async with serving(api_v2("v4")) as url:
        finding = await check(url)
    assert finding.state.endswith("model version v4; NVIDIA GeForce RTX 3060 has 0.5 of 12.0 GB free")
    assert finding.advice.startswith("it needs about 2.0 GB more while it speaks")


async def test_the_roomiest_card_decides(
    check: Callable[[str], Awaitable[Finding]], nvidia_smi: Callable[[str], None]
) -> None:
    nvidia_smi(f"echo '{FULL}'; echo '{ROOMY}'")
    async with serving(api_v2("v2ProPlus")) as url:
        finding = await check(url)
    assert "RTX 4090 has 20.0 of 24.0 GB free" in finding.state
    assert not finding.advice


async def test_another_machines_gpu_is_not_judged_by_ours(
    check: Callable[[str], Awaitable[Finding]], nvidia_smi: Callable[[str], None]
) -> None:
    nvidia_smi(f"echo '{FULL}'")
    assert "GB free" not in (await check("http://192.0.2.1.invalid:9880")).state


@pytest.mark.parametrize("script", ["exit 9", "echo 'Grace Hopper, [N/A], [N/A]'", "echo nonsense", "exec sleep 30"])
async def test_an_nvidia_smi_that_cannot_tell_is_as_good_as_none(
    nvidia_smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(gpu, "_TIMEOUT_S", 0.3)
    nvidia_smi(f"PATH={os.defpath}\n{script}")
    began = time.monotonic()
    assert await gpus() == []
    assert time.monotonic() - began < 5


def test_what_is_planned_with_is_what_the_readme_tells() -> None:
    readme = (Path(__file__).parents[3] / "infra" / "gpt-sovits" / "README.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in readme.splitlines() if line.startswith("| v")]
    assert {row[0]: float(row[4].split()[0]) for row in rows} == {
        version: need.speaking_gb for version, need in NEEDS.items()
    }
