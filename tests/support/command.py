"""The command `malbeot`, as a person runs it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on standard error that says what is wrong."""
        lines = self.err.strip().splitlines()
        assert lines, "nothing on standard error"
        assert "Traceback" not in self.err, self.err
        return lines[-1]


@asynccontextmanager
async def running(
    *arguments: str, env: Mapping[str, str], stdin: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`malbeot` with these arguments, its output in pipes; killed afterwards if it runs on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "malbeot",
        *arguments,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        # The pipes are read to their end, so that their transports are closed with the process.
        await process.communicate()


async def malbeot(*arguments: str, env: Mapping[str, str], stdin: str | None = None, timeout_s: float = 90) -> Result:
    """Runs it to its end."""
    async with running(*arguments, env=env, stdin=asyncio.subprocess.PIPE if stdin is not None else None) as process:
        out, err = await asyncio.wait_for(process.communicate(stdin.encode() if stdin is not None else None), timeout_s)
    assert process.returncode is not None
    return Result(process.returncode, out.decode(), err.decode())


async def line_with(stream: asyncio.StreamReader | None, words: str, timeout_s: float) -> str:
    """Reads until a line holds `words`, and gives that line."""
    assert stream
    seen: list[str] = []
    async with asyncio.timeout(timeout_s):
        while line := (await stream.readline()).decode():
            seen.append(line)
            if words in line:
                return line.strip()
    raise AssertionError(f"no line with {words!r} in {''.join(seen)}")
