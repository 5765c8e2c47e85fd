"""The engine that hears: where it listens, how it is run, and what is said where there is none."""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from livekit.plugins import whisper

from malbeot import ears
from malbeot.doctor import examine
from malbeot.errors import MalbeotError, SettingsError
from malbeot.settings import Settings
from malbeot.up import services

TOKEN = "nobody-reads-this"
HEALTH = {"model": "base", "device": "cpu", "compute_type": "int8", "pid": 1}


def settings(**chosen: object) -> Settings:
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg]


@asynccontextmanager
async def answering(address: str, body: object, *, token: str = "") -> AsyncIterator[str]:
    """A server at `address` (TCP: a port of its own) whose health is `body`. Not an engine. Gives where it is."""

    async def health(request: web.Request) -> web.Response:
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return web.Response(status=401)
        return web.json_response(body)

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        where = whisper.Address.parse(address)
        if where.path:
            await web.UnixSite(runner, where.path).start()
            yield address
        else:
            await web.TCPSite(runner, where.host, 0).start()
            yield f"tcp://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What this process would have replaced itself with."""
    calls: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, command: list[str], env: dict[str, str]) -> None:
        assert path == sys.executable == command[0]
        calls.append((command, env))

    monkeypatch.setattr(os, "execve", execve)
    return calls


def test_the_token_is_in_the_environment_alone(replaced: list[tuple[list[str], dict[str, str]]]) -> None:
    chosen = settings(whisper_model="/models/mine", ears_url="tcp://127.0.0.1:9870", ears_token=TOKEN)
    ears.become_engine(chosen, {"PATH": "/bin"})
    [(command, env)] = replaced
    assert TOKEN not in " ".join(command)
    assert env == {"PATH": "/bin", **whisper.ENGINE_ENVIRONMENT, "WHISPER_ENGINE_TOKEN": TOKEN}
    assert command[1:6] == ["-m", "livekit.plugins.whisper", "serve", "/models/mine", "--address"]
    assert command[6:] == ["tcp://127.0.0.1:9870", "--device", "auto", "--compute-type", "default"]


def test_the_state_folder_is_made_for_its_owner_alone(
    replaced: list[tuple[list[str], dict[str, str]]], tmp_path: Path
) -> None:
    state = tmp_path / "new" / "state"
    ears.become_engine(settings(malbeot_state=state), {"WHISPER_ENGINE_TOKEN": "of another program"})
    [(command, env)] = replaced
    assert f"unix:{state}/ears.sock" in command
    assert state.stat().st_mode & 0o777 == 0o700
    assert "WHISPER_ENGINE_TOKEN" not in env


def test_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MalbeotError, match="set MALBEOT_STATE to a folder you own"):
        ears.become_engine(settings(malbeot_state=tmp_path / "file" / "state"), {})


def test_a_socket_that_lies_too_deep() -> None:
    with pytest.raises(SettingsError, match=r"107 bytes .*: set MALBEOT_STATE to a shorter path") as caught:
        ears.address_in(Path("/" + "deep/" * 30))
    assert "\n" not in str(caught.value)


async def test_the_service_is_ready_when_its_engine_answers(tmp_path: Path) -> None:
    address = ears.address_in(tmp_path)
    chosen = settings(whisper_model="/models/mine", ears_token=TOKEN)
    service = services.ears_service(chosen, {"PATH": "/bin"}, address)
    assert (service.log_name, service.address) == ("ears", address)
    assert TOKEN not in " ".join(service.command)
    assert service.env["WHISPER_ENGINE_TOKEN"] == TOKEN
    assert not await service.ready()
    async with answering(address, HEALTH, token=TOKEN):
        assert await service.ready()


@pytest.mark.parametrize("address", ["unix:{folder}/ears.sock", "tcp://127.0.0.1:1"])
async def test_an_engine_is_found_and_another_server_is_none(address: str, tmp_path: Path) -> None:
    address = address.format(folder=tmp_path)
    assert await ears.find(settings(), address) is None
    async with answering(address, HEALTH) as where:
        assert str(await ears.find(settings(), where)) == "base on cpu as int8"
    for other in ({"status": "ok"}, "hello", [1]):
        async with answering(address, other) as where:
            assert await ears.find(settings(), where) is None


async def test_an_engine_that_is_not_there_is_one_line() -> None:
    chosen = settings(ears_url="unix:/nowhere/ears.sock")
    with pytest.raises(MalbeotError, match=r"^no Whisper engine answers at unix:/nowhere/ears\.sock: .*`malbeot ears`"):
        await ears.require(chosen)
    await ears.require(chosen.model_copy(update={"stt_provider": "transcribe"}))


async def test_another_token_is_one_line() -> None:
    async with answering("tcp://127.0.0.1:1", HEALTH, token=TOKEN) as where:
        await ears.require(settings(ears_url=where, ears_token=TOKEN))
        with pytest.raises(MalbeotError, match="wants another token: set EARS_TOKEN"):
            await ears.require(settings(ears_url=where, ears_token="guessed"))


async def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match=str(tmp_path / "none")) as caught:
        await ears.require(settings(whisper_model=str(tmp_path / "none")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (HEALTH, "ok  speech recognition at {where}: Whisper base on cpu as int8 answers"),
        ("hello", "!!  speech recognition at {where}: no answer\n      → no Whisper engine answers at {where}: start"),
    ],
)
async def test_doctor_asks_the_engine(capsys: pytest.CaptureFixture[str], body: Any, said: str) -> None:
    async with answering("tcp://127.0.0.1:1", body) as where:
        await examine(settings(ears_url=where, ears_token=TOKEN, **nothing_runs()))
    assert said.format(where=where) in capsys.readouterr().out


async def test_doctor_says_who_starts_the_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, whisper_model: Path
) -> None:
    chosen = settings(whisper_model=str(whisper_model), malbeot_state=tmp_path, **nothing_runs())
    await examine(chosen)
    async with answering(ears.address_in(tmp_path), HEALTH) as where:
        await examine(chosen)
    before, after = (line for line in capsys.readouterr().out.splitlines() if "speech recognition" in line)
    assert before.endswith(f"{whisper_model}; `malbeot up` or the worker starts its engine")
    assert after.endswith(f"{whisper_model}; {where} hears with base on cpu as int8")


@pytest.fixture
def whisper_model(tmp_path: Path) -> Path:
    """A folder that has what a model's has, by name."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.json"):
        (folder / name).touch()
    return folder


def nothing_runs() -> Mapping[str, object]:
    nobody = "http://127.0.0.1:1"
    return {"livekit_url": "ws://127.0.0.1:1", "ollama_url": nobody, "gpt_sovits_urls": (nobody,)}
