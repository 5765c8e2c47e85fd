"""The stand-in as a process: how it starts, refuses to start, ends, and speaks into files."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from support.speech import PIPER_VOICE, Speech, english, korean
from support.standin import running_standin

STANDIN = [sys.executable, "-m", "malbeot_local.standin"]


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*STANDIN, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)


def test_a_missing_voice_is_one_line(tmp_path: Path) -> None:
    done = run("--port", "0", "--piper-voice", str(tmp_path / "none.onnx"))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / "none.onnx") in done.stderr


def test_a_damaged_voice_is_one_line(tmp_path: Path) -> None:
    voice = tmp_path / "voice.onnx"
    voice.write_bytes(b"no model")
    Path(f"{voice}.json").write_text(Path(f"{PIPER_VOICE}.json").read_text("utf-8"), "utf-8")
    done = run("--port", "0", "--piper-voice", str(voice))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot read the Piper voice {voice}" in done.stderr


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr


def test_a_damaged_configuration_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text("[]", "utf-8")
    done = run("--port", "0", "--config", str(tmp_path / "weights.json"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot read {tmp_path / 'weights.json'}" in done.stderr


def test_wrong_usage_is_exit_2() -> None:
    assert run("--loud").returncode == 2
    assert run("--rate", "44100").returncode == 2
    assert run("--load-s", "-1").returncode == 2
    assert run("say", "--lang", "tlh", "--out", "a.wav", "-").returncode == 2


@pytest.mark.models
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_when_told_to_even_while_speaking(number: signal.Signals) -> None:
    with running_standin() as standin:
        fields = {"text_lang": "en", "prompt_lang": "en", "ref_audio_path": "voices/june.wav", "streaming_mode": 3}
        body = {**fields, "text": "There is much to say and little time to say it in. " * 400}
        async with aiohttp.ClientSession() as session, session.post(f"{standin.url}/tts", json=body) as response:
            await response.content.readany()
            told = time.monotonic()
            standin.process.send_signal(number)
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
        status = await asyncio.to_thread(standin.process.wait, 10)
        took = time.monotonic() - told
    assert status == 0
    assert took < 5  # 1 s on an idle machine
    assert not any("Traceback" in line for line in standin.log)


async def test_control_exit_ends_it() -> None:
    with running_standin(piper=False) as standin:
        async with aiohttp.ClientSession() as session, session.get(f"{standin.url}/control?command=exit") as response:
            assert response.status == 500
        assert await asyncio.to_thread(standin.process.wait, 10) == 0


async def test_control_restart_comes_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_standin("--port", str(port), piper=False) as standin:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(f"{standin.url}/control?command=restart")
            assert await asyncio.to_thread(standin.wait_ready, 2)
            async with session.get(standin.url) as response:
                assert response.status == 200


@pytest.mark.models
def test_english_is_spoken() -> None:
    speech = english("What is the weather like today?")
    assert 1.0 < speech.duration_s < 4.0
    assert np.abs(speech.samples).max() > 3000


def test_korean_is_spoken() -> None:
    speech = korean("오늘 날씨가 어때요?")
    assert 0.5 < speech.duration_s < 4.0
    assert np.abs(speech.samples).max() > 3000


def test_korean_is_not_the_same_for_other_words() -> None:
    assert korean("오늘은 비가 와요.").samples.tolist() != korean("어제는 눈이 왔어요.").samples.tolist()


def test_say_speaks_an_argument(tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    done = run("say", "--lang", "ko", "--out", str(out), "안녕하세요")
    assert (done.returncode, done.stderr) == (0, "")
    assert Speech.from_wav(out).rate == 32000


@pytest.mark.parametrize("text", ["", "   ", "…!"])
def test_nothing_to_say_is_one_line(tmp_path: Path, text: str) -> None:
    done = run("say", "--lang", "en", "--out", str(tmp_path / "a.wav"), "-", text=text)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not (tmp_path / "a.wav").exists()


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = run("say", "--lang", "ko", "--out", str(tmp_path / "none" / "a.wav"), "-", text="안녕하세요")
    assert done.returncode == 1
    assert re.fullmatch(r"cannot write \S+a\.wav: No such file or directory\n", done.stderr)
