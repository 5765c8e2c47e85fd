"""The agent of `teller.py`, running."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from malbeot.up import probes
from malbeot.up.process import Process, Service
from support.stack import Stack


@asynccontextmanager
async def telling(stack: Stack) -> AsyncIterator[None]:
    """It answers the stack's calls in place of the companion, whose worker must not run; LiveKit and ears must."""
    ready_dir = stack.state_dir / "teller"
    ready_dir.mkdir(exist_ok=True)
    path = os.pathsep.join(part for part in (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")) if part)
    service = Service(
        name="the teller",
        log_name="teller",
        command=[sys.executable, "-m", "support.teller", "--ready-dir", str(ready_dir)],
        env={**stack.environment, "PYTHONPATH": path},
        address="answers calls",
        ready=probes.files_exist(ready_dir / "registered", ready_dir / "warm"),
        ready_within_s=120,
    )
    process = Process(service, stack.log_dir / "teller.log")
    await process.start()
    try:
        yield
    finally:
        await process.stop()
