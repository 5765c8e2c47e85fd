"""Runs other programs: quiet, cancellable, and telling that they still run."""

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .errors import CommandError
from .progress import EVERY_S, Report

_KEPT_LINES = 40
_TERMINATE_S = 5.0


async def run(
    command: Sequence[str | Path],
    *,
    what: str,
    report: Report,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    on_line: Callable[[str], bool] | None = None,
    every_s: float = EVERY_S,
) -> str:
    """Runs `command` to its end and returns its last lines, standard error included.

    `what` names the step in reports, which come every `every_s` seconds with the time that has passed.
    `on_line` sees each line and returns True for one that it has dealt with, which is then not kept.
    Raises `CommandError` for an exit status other than 0 or a program that cannot be started. Cancelled,
    it ends the program with all its children.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            limit=1 << 20,
        )
    except OSError as error:
        raise CommandError(f"{what}: cannot run {command[0]}: {error.strerror}", status=127, output="") from error
    kept: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        await _follow(process, kept, what=what, report=report, on_line=on_line, every_s=every_s)
        status = await process.wait()
    except BaseException:
        await _end(process)
        raise
    output = "\n".join(kept)
    if status:
        reason = kept[-1] if kept else "it gave no reason"
        raise CommandError(f"{what} failed: {reason}", status=status, output=output)
    return output


async def _follow(
    process: asyncio.subprocess.Process,
    kept: deque[str],
    *,
    what: str,
    report: Report,
    on_line: Callable[[str], bool] | None,
    every_s: float,
) -> None:
    assert process.stdout is not None
    began = time.monotonic()
    due = began + every_s
    while True:
        if (left := due - time.monotonic()) <= 0:
            report(f"{what}: {time.monotonic() - began:.0f} s")
            due = time.monotonic() + every_s
            continue
        try:
            async with asyncio.timeout(left):
                line = await process.stdout.readline()
        except TimeoutError:
            continue
        if not line:
            return
        text = line.decode(errors="replace").rstrip()
        if text and not (on_line and on_line(text)):
            kept.append(text)


async def _end(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_TERMINATE_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signals the whole session that the program leads, which may outlive it."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
