"""Programs that are run are heard, told about and ended."""

import asyncio
import os
from pathlib import Path

import pytest

from malbeot_local import command
from malbeot_local.errors import CommandError


async def test_output_and_progress(reports: list[str]) -> None:
    output = await command.run(
        ["sh", "-c", "echo 50%; echo done; sleep 0.5"],
        what="the build",
        report=reports.append,
        on_line=lambda line: line.endswith("%"),
        every_s=0.1,
    )
    assert output == "done"
    assert reports
    assert set(reports) <= {"the build: 0 s", "the build: 1 s"}


async def test_a_failure_gives_the_last_line(reports: list[str]) -> None:
    with pytest.raises(CommandError, match="the build failed: no such thing") as caught:
        await command.run(["sh", "-c", "echo trying; echo no such thing >&2; exit 3"], what="the build", report=print)
    assert caught.value.status == 3
    assert caught.value.output == "trying\nno such thing"


async def test_a_program_that_is_missing(reports: list[str]) -> None:
    with pytest.raises(CommandError, match="the build: cannot run /no/such/program: No such file"):
        await command.run(["/no/such/program"], what="the build", report=reports.append)


async def test_cancelling_ends_the_program_and_its_children(tmp_path: Path, reports: list[str]) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! >> {pids}; echo $$ >> {pids}; echo ready; wait"
    started = asyncio.Event()

    def ready(line: str) -> bool:
        started.set()
        return True

    running = asyncio.create_task(
        command.run(["sh", "-c", script], what="the build", report=reports.append, on_line=ready)
    )
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for pid in pids.read_text().split():
        for _ in range(100):
            if not _alive(int(pid)):
                break
            await asyncio.sleep(0.05)
        assert not _alive(int(pid))


def _alive(pid: int) -> bool:
    """Whether it runs; one that nobody has reaped yet has ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
