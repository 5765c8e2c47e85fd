"""Caddy, as infra/caddy/Caddyfile sets it up: only its users have it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.command import line_with

CADDYFILE = Path(__file__).parents[2] / "infra" / "caddy" / "Caddyfile"
_CADDY = shutil.which("caddy")

needs_caddy = pytest.mark.skipif(_CADDY is None, reason="Caddy is not installed")


async def caddy(folder: Path, *arguments: str, **chosen: str) -> asyncio.subprocess.Process:
    """Begins it with its files in `folder` and what is `chosen` in its environment."""
    env = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "CADDY_ADMIN": f"unix/{folder}/admin.sock",
        **chosen,
    }
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(str(_CADDY), *arguments, env=env, stdout=pipe, stderr=pipe)


@asynccontextmanager
async def running_caddy(folder: Path, **chosen: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """It serves by then, and is ended afterwards."""
    process = await caddy(folder, "run", "--adapter", "caddyfile", "--config", str(CADDYFILE), **chosen)
    try:
        await line_with(process.stderr, "serving initial configuration", timeout_s=30)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
