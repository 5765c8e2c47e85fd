"""What a stranger installs: Malbeot from its checkout, and each plugin alone, into an empty environment."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = shutil.which("uv") or str(ROOT / ".venv" / "uv" / "bin" / "uv")


async def run(*command: str, **env: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=os.environ.get("TMPDIR", "/tmp"),
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def environment_with(folder: Path, tmp_path: Path) -> Path:
    """The `bin` of a new environment with what lies in `folder`, its dependencies from uv's cache if they are there."""
    target = tmp_path / "venv"
    status, out = await run(UV, "venv", "-q", "--python", sys.executable, str(target))
    assert status == 0, out
    install = (UV, "pip", "install", "-q", str(folder))
    for offline in ("1", "0"):
        status, out = await run(*install, VIRTUAL_ENV=str(target), UV_OFFLINE=offline)
        if status == 0:
            return target / "bin"
    pytest.fail(out)


async def test_malbeot(tmp_path: Path) -> None:
    binaries = await environment_with(ROOT, tmp_path)
    assert await run(str(binaries / "malbeot"), "--version") == (0, "malbeot 0.1.0\n")
    assert await run(str(binaries / "python"), "-m", "malbeot", "--version") == (0, "malbeot 0.1.0\n")
    status, out = await run(str(binaries / "malbeot"), "prompts", "--persona", "ko")
    assert status == 0, out
    assert "다솜" in out
    nobody = {"GPT_SOVITS_URLS": "http://127.0.0.1:1", "XDG_RUNTIME_DIR": str(tmp_path)}
    status, out = await run(str(binaries / "malbeot"), "voices", "list", **nobody)
    assert status == 1, "no voice server is up"
    assert {"dasom", "june"} <= set(out.split())


@pytest.mark.parametrize("name", ["whisper", "gpt_sovits", "ollama", "turns"])
async def test_a_plugin_alone(tmp_path: Path, name: str) -> None:
    binaries = await environment_with(ROOT / "plugins" / f"livekit-plugins-{name.replace('_', '-')}", tmp_path)
    code = f"import livekit.plugins.{name} as plugin; print(plugin.__version__)"
    if name == "gpt_sovits":  # what it says numbers by lies beside it as data
        code += "; assert plugin.spoken('3시 30분', 'ko') == '세 시 삼십 분'"
    assert await run(str(binaries / "python"), "-c", code) == (0, "0.1.0\n")
    status, out = await run(str(binaries / "python"), "-c", "import malbeot")
    assert status == 1
    assert "ModuleNotFoundError" in out
