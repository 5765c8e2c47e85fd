"""`malbeot ears`: the engine alone, for this machine and for others, and who hears with it."""

import secrets
from pathlib import Path

import psutil
import pytest

from support.command import line_with, malbeot, running
from support.stack import free_port, stack_environment

KEYS = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 40}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return stack_environment(tmp_path / "state")


async def test_an_engine_for_this_machine(env: dict[str, str], tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/state/ears.sock"
    async with running("ears", "--embedded", env=env) as engine:
        assert address in await line_with(engine.stdout, "hears on", 60)
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        assert f"{address} hears with whisper-base on cpu" in (await malbeot("doctor", env=env)).out
        second = await malbeot("ears", "--embedded", env=env)
        assert second.status == 1
        assert "listens on" in second.complaint
        engine.terminate()
        assert await engine.wait() == 0
    assert not (tmp_path / "state" / "ears.sock").exists()


async def test_an_engine_for_other_machines(env: dict[str, str]) -> None:
    token, address = secrets.token_hex(16), f"tcp://127.0.0.1:{free_port()}"
    elsewhere = {**env, "EARS_URL": address, "EARS_TOKEN": token}
    async with running("ears", "--embedded", env=elsewhere) as engine:
        assert address in await line_with(engine.stdout, "hears on", 60)
        assert token not in " ".join(psutil.Process(engine.pid).cmdline())
        assert (
            f"ok  speech recognition at {address}: Whisper whisper-base" in (await malbeot("doctor", env=elsewhere)).out
        )
        refused = await malbeot("start", env={**elsewhere, **KEYS, "EARS_TOKEN": "guessed"})
        assert refused.status == 1
        assert "set EARS_TOKEN" in refused.complaint
        for command in (("start",), ("up", "--embedded")):
            async with running(*command, env={**elsewhere, **KEYS}) as user:
                words = "does not answer" if command == ("start",) else "Whisper engine is running already"
                await line_with(user.stderr if command == ("start",) else user.stdout, words, 60)
                user.terminate()
                await user.wait()


async def test_nobody_hears_there(env: dict[str, str], tmp_path: Path) -> None:
    nowhere = {**env, **KEYS, "EARS_URL": f"unix:{tmp_path}/nothing.sock"}
    for command in (("start",), ("up", "--embedded")):
        result = await malbeot(*command, env=nowhere)
        assert result.status == 1
        assert result.complaint.startswith(f"malbeot: no Whisper engine answers at unix:{tmp_path}/nothing.sock: start")


async def test_a_missing_model_and_a_wrong_address(env: dict[str, str], tmp_path: Path) -> None:
    result = await malbeot("ears", env={**env, "WHISPER_MODEL": str(tmp_path / "none")})
    assert result.status == 3
    assert str(tmp_path / "none") in result.complaint
    result = await malbeot("ears", "--address", "udp:1", env=env)
    assert (result.status, "unix:/PATH or tcp://HOST:PORT" in result.complaint) == (2, True)
    result = await malbeot("ears", "--address", "tcp://127.0.0.1:1", env=env)
    assert (result.status, "EARS_TOKEN is missing" in result.complaint) == (2, True)
