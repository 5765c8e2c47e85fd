"""The benchmark's own environment: what cannot live beside LiveKit, or should not, runs in a process there."""

import asyncio
from pathlib import Path

from bench import report

PYTHON = report.FOLDER / "venv" / "bin" / "python"


async def run(script: str, *arguments: str | Path) -> str:
    """Runs a script of this folder there; what it prints. Raises RuntimeError, with its last line, where it fails."""
    if not PYTHON.is_file():
        raise RuntimeError("pipecat-ai and Piper's alignment are not installed: run `make bench-turns`")
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        str(Path(__file__).with_name(script)),
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{script} failed: {''.join(err.decode().strip().splitlines()[-1:])}")
    return out.decode()
