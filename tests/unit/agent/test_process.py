"""Processes of `malbeot up`: readiness, last words, and nothing left behind."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from malbeot.errors import MalbeotError
from malbeot.up.probes import files_exist
from malbeot.up.process import Process, Service


def service(code: str, ready: Path, **more: float) -> Service:
    return Service(
        name="a test server",
        log_name="test",
        command=[sys.executable, "-c", code],
        env=os.environ,
        address="nowhere",
        ready=files_exist(ready),
        **more,
    )


async def test_ready_then_stopped(tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    process = Process(service(f"open({str(flag)!r}, 'w'); import time; time.sleep(60)", flag), tmp_path / "log")
    await process.start()
    assert flag.exists()
    assert psutil.pid_exists(process.pid)
    await process.stop()
    assert not psutil.pid_exists(process.pid)


async def test_children_of_its_group_go_with_it(tmp_path: Path) -> None:
    flag = tmp_path / "pid"
    code = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(flag)!r} + '.part', 'w').write(str(child.pid))\n"
        f"os.rename({str(flag)!r} + '.part', {str(flag)!r})\n"
        "time.sleep(60)"
    )
    process = Process(service(code, flag), tmp_path / "log")
    await process.start()
    child = int(flag.read_text())
    assert psutil.pid_exists(child)
    await process.stop()
    for _ in range(50):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the child lives on")


async def test_one_that_will_not_end_is_killed(tmp_path: Path) -> None:
    flag = tmp_path / "ready"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(flag)!r}, 'w'); time.sleep(60)"
    process = Process(service(code, flag, stop_within_s=0.3), tmp_path / "log")
    await process.start()
    await process.stop()
    assert not psutil.pid_exists(process.pid)


async def test_one_that_ends_while_starting_is_quoted(tmp_path: Path) -> None:
    process = Process(service("raise SystemExit('the disk is gone')", tmp_path / "never"), tmp_path / "log")
    with pytest.raises(MalbeotError, match="a test server stopped while starting: the disk is gone"):
        await process.start()
    await process.stop()


async def test_one_that_is_never_ready(tmp_path: Path) -> None:
    process = Process(service("import time; time.sleep(60)", tmp_path / "never", ready_within_s=0.3), tmp_path / "log")
    with pytest.raises(MalbeotError, match="was not ready within"):
        await process.start()
    await process.stop()
