"""Weights are shared by all callers, and a wrong path is met at the next failure or restart, as with GPT-SoVITS."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.standin import Standin, running_standin

V2_GPT = "GPT_SoVITS/pretrained_models/gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt"


async def use(standin: Standin, model: str, path: str) -> tuple[int, Any]:
    reply = await standin.get(f"/set_{model}_weights", weights_path=path)
    return reply.status, reply.json


async def loaded(standin: Standin) -> dict[str, str | None]:
    weights: dict[str, str | None] = (await standin.get("/")).json["weights"]
    return weights


async def fail(standin: Standin) -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await standin.tts(top_k=0)


@pytest.mark.parametrize("model", ["gpt", "sovits"])
async def test_no_path_is_400(quick: Standin, model: str) -> None:
    message = {"message": f"{model} weight path is required"}
    assert await use(quick, model, "") == (400, message)
    reply = await quick.get(f"/set_{model}_weights")
    assert (reply.status, reply.json) == (400, message)


async def test_a_path_that_exists_or_is_known_is_loaded(quick: Standin, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").touch()
    for model, path in (
        ("gpt", "a.ckpt"),
        ("gpt", V2_GPT),
        ("sovits", "a.pth"),
        ("sovits", str(tmp_path / "mine.pth")),
    ):
        assert await use(quick, model, path) == (200, {"message": "success"})
    assert await loaded(quick) == {"gpt": V2_GPT, "sovits": str(tmp_path / "mine.pth")}


@pytest.mark.parametrize("model", ["gpt", "sovits"])
async def test_a_wrong_path_is_400_and_speech_goes_on(quick: Standin, model: str) -> None:
    before = await loaded(quick)
    assert await use(quick, model, "none.ckpt") == (
        400,
        {
            "message": f"change {model} weight failed",
            "Exception": "[Errno 2] No such file or directory: 'none.ckpt'",
        },
    )
    assert (await quick.tts()).samples.any()
    assert await loaded(quick) == before


async def test_after_a_wrong_gpt_path_a_failure_leaves_no_model(quick: Standin) -> None:
    await use(quick, "gpt", "none.ckpt")
    await fail(quick)
    assert await loaded(quick) == {"gpt": None, "sovits": None}
    with pytest.raises(aiohttp.ClientPayloadError):
        await quick.tts()
    reply = await quick.tts(streaming_mode=0)
    assert (reply.status, reply.json["message"]) == (400, "tts failed")
    assert reply.json["Exception"]
    await use(quick, "gpt", "a.ckpt")
    await fail(quick)  # both are needed, and a failure loads both anew
    assert (await quick.tts()).samples.any()


async def test_without_sovits_weights_the_model_fails_where_the_reference_is_known(quick: Standin) -> None:
    await quick.tts()
    await use(quick, "sovits", "none.pth")
    await fail(quick)
    assert await loaded(quick) == {"gpt": "a.ckpt", "sovits": None}
    reply = await quick.tts(streaming_mode=0)
    assert (reply.status, reply.rate_hz) == (200, 16000)
    reply = await quick.tts(streaming_mode=0, ref_audio_path="voices/dasom.wav")
    assert reply.status == 400


async def test_a_failure_without_streaming_loads_nothing_anew(quick: Standin) -> None:
    await use(quick, "gpt", "none.ckpt")
    assert (await quick.tts(streaming_mode=0, top_k=0)).rate_hz == 16000
    assert (await quick.tts()).samples.any()


async def test_weights_of_another_version_change_the_rate(quick: Standin) -> None:
    await use(quick, "sovits", "b.pth")
    assert (await quick.tts(prompt_text="Hello.")).rate_hz == 48000
    await use(quick, "sovits", "c.pth")
    assert (await quick.tts()).rate_hz == 32000


@pytest.fixture
def restartable(tmp_path: Path, references: Path) -> Iterator[Standin]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    options = ["--port", port, "--references", str(references), "--config", str(tmp_path / "weights.json")]
    with running_standin(*options, "--weights", "a.ckpt", "--weights", "a.pth", piper=False) as running:
        yield running


async def test_a_restart_brings_the_weights_back_but_for_a_wrong_one(restartable: Standin) -> None:
    await use(restartable, "sovits", "a.pth")
    await use(restartable, "gpt", "none.ckpt")
    with pytest.raises(aiohttp.ClientConnectionError):
        await restartable.get("/control", command="restart")
    assert await asyncio.to_thread(restartable.wait_ready, 2)
    assert await loaded(restartable) == {"gpt": V2_GPT, "sovits": "a.pth"}


async def test_loading_takes_time_and_blocks(references: Path) -> None:
    options = ["--references", str(references), "--weights", "a.ckpt", "--load-s", "0.4"]
    with running_standin(*options, piper=False) as slow:
        begun = time.monotonic()
        switch = asyncio.create_task(use(slow, "gpt", "a.ckpt"))
        await asyncio.sleep(0.1)
        await slow.get("/")
        assert time.monotonic() - begun > 0.4
        assert (await switch)[0] == 200
        begun = time.monotonic()
        await fail(slow)
        assert time.monotonic() - begun > 0.8  # one after the other
