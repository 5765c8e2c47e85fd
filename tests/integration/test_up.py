"""`malbeot up`: one command starts it all, one Ctrl-C leaves nothing."""

import asyncio
import signal
from pathlib import Path

import psutil

from malbeot.keys import read_keys
from support.caller import Caller, call_token
from support.command import line_with, malbeot, running
from support.stack import stack_environment


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def socket_of(engine: psutil.Process) -> Path:
    command = engine.cmdline()
    return Path(command[command.index("--address") + 1].removeprefix("unix:"))


def listens(socket: Path) -> bool:
    return socket.is_socket()


def listens_elsewhere(process: psutil.Process) -> list[str]:
    """Where it can be reached from another machine by TCP."""
    listening = [seen.laddr for seen in process.net_connections("tcp") if seen.status == psutil.CONN_LISTEN]
    return [f"{address.ip}:{address.port}" for address in listening if address.ip != "127.0.0.1"]


async def test_up_serves_a_call_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    env = stack_environment(tmp_path)
    async with running("up", "--embedded", env=env) as up:
        line = await line_with(up.stdout, "call here:", 120)
        assert f"http://127.0.0.1:{env['WEB_PORT']}" in line
        assert (await malbeot("doctor", env=env)).status == 0
        assert (await malbeot("up", "--embedded", env=env)).status == 1, "the page's port is taken"
        [worker] = [process for process in descendants(up.pid) if "--ready-dir" in process.cmdline()]
        assert (Path(worker.cmdline()[-1]) / "warm").exists(), "the second one took the first one's folder away"
        keys = read_keys(tmp_path)
        assert keys
        token, _ = call_token(*keys, language="en")
        async with Caller(url=env["LIVEKIT_URL"], token=token) as caller:
            await caller.agent_joined(timeout_s=20)
            await caller.wait_for_voice(timeout_s=20)
            started = descendants(up.pid)
            assert len(started) >= 6
            assert not [address for process in started for address in listens_elsewhere(process)]
            up.send_signal(signal.SIGINT)
            await line_with(up.stdout, "all that was started here is stopped", 60)
            assert await up.wait() == 0
    _, alive = await asyncio.to_thread(psutil.wait_procs, started, timeout=5)
    assert not alive, [process.cmdline() for process in alive]


async def test_what_ends_is_started_again(tmp_path: Path) -> None:
    # So deep that no socket can lie there.
    env = stack_environment(tmp_path / ("deep" * 30))
    async with running("up", "--embedded", env=env) as up:
        await line_with(up.stdout, "call here:", 120)
        [web] = [process for process in descendants(up.pid) if process.cmdline()[-1] == "web"]
        [engine] = [process for process in descendants(up.pid) if "livekit.plugins.whisper" in process.cmdline()]
        socket = socket_of(engine)
        assert listens(socket)
        for process, name in ((web, "caller page"), (engine, "Whisper engine")):
            process.kill()
            assert "starting it again" in await line_with(up.stdout, f"{name} stopped", 30)
            await line_with(up.stdout, f"{name} is ready", 30)
        assert listens(socket)
        up.send_signal(signal.SIGTERM)
        await line_with(up.stdout, "all that was started here is stopped", 60)
        assert await up.wait() == 0
    assert not socket.parent.exists()
