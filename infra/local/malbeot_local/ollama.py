"""Ollama: the pinned version, how it is found, fetched or built, and how it is run on this machine."""

import asyncio
import os
import platform
import shutil
from pathlib import Path

from . import golang, headers, server
from .cache import Cache
from .errors import LocalError
from .ollama_models import EMBEDDED_MODEL, create_model, pull
from .progress import Report
from .release import Asset, Release
from .server import Search, Server

__all__ = ["EMBEDDED_MODEL", "VERSION", "create_model", "ensure", "environment", "find", "pull", "search"]

VERSION = "0.24.0"
"""The last version whose Go module carries its native code."""
_GO = (1, 26)  # go.mod of the module
_V3 = frozenset({"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"})
"""What /proc/cpuinfo calls the parts of x86-64-v3."""


def _wanted(member: str) -> bool:
    """Leaves out the GPU runtimes, two thirds of the release, where there is no NVIDIA device."""
    return not member.startswith("lib/ollama/cuda_") or Path("/dev/nvidiactl").exists()


RELEASE = Release(
    title=f"Ollama {VERSION}",
    url=f"https://github.com/ollama/ollama/releases/download/v{VERSION}",
    assets={
        "amd64": Asset(
            name="ollama-linux-amd64.tar.zst",
            size=1198635318,
            sha256="15c5f8d66ba06e0d3b4719df8868612dbd66e14e82760929bb3552e1657cdcdb",
        ),
        "arm64": Asset(
            name="ollama-linux-arm64.tar.zst",
            size=1323731537,
            sha256="6e9a3ce5f64e93312902e39c420ec336255f078a368ca25e99b339d08a6dfa4b",
        ),
    },
    unpacked=3.0,
    wanted=_wanted,
)


def search(cache: Cache) -> Search:
    """What is on this machine, its version, and why candidates were passed over. It blocks."""
    return server.search(SERVER, cache)


def find(cache: Cache) -> Path | None:
    """`ollama` on PATH or in the cache. It blocks for the time of `ollama --version`."""
    found = search(cache).found
    return found.path if found else None


async def ensure(cache: Cache, report: Report) -> Path:
    """`ollama`: found, else the pinned release, else built with Go in some 4 minutes. Raises `LocalError`."""
    return (await server.ensure(SERVER, cache, report)).path


def environment(models_dir: Path, host: str) -> dict[str, str]:
    """What to add to the environment of `ollama serve`, which takes its configuration from there alone.

    `models_dir` is its model store, `host` its address, such as "127.0.0.1:11434". OLLAMA_NO_CLOUD turns
    off everything that Ollama does on the network by itself: fetching its list of recommended models at
    start and every four hours, and cloud models and web search. Debug logs would hold what is said.
    """
    return {
        "OLLAMA_HOST": host,
        "OLLAMA_MODELS": str(models_dir),
        "OLLAMA_NO_CLOUD": "1",
        "OLLAMA_DEBUG": "0",
        "OLLAMA_DEBUG_LOG_REQUESTS": "0",
    }


def compiler_flags(machine: str, processor: frozenset[str]) -> str:
    """For C and C++. `machine` as `platform.machine()` says, `processor` the flags of /proc/cpuinfo.

    Without AVX2 code inference is several times slower.
    """
    return "-O3 -march=x86-64-v3" if machine == "x86_64" and processor >= _V3 else "-O3"


async def _build(cache: Cache, into: Path, report: Report) -> None:
    if not (shutil.which("g++") or shutil.which("clang++")):
        raise LocalError("Ollama cannot be built without a C++ compiler: run `apt-get install build-essential` as root")
    what = f"Ollama {VERSION}: building with Go"
    go = await golang.toolchain(cache, _GO, report)
    scratch = into.parent / "headers"
    scratch.mkdir()
    own = await asyncio.to_thread(golang.isolated, go, scratch, os.environ)
    include = await headers.include_folder(go, own, cache, report)
    flags = compiler_flags(platform.machine(), await asyncio.to_thread(_processor))
    report(f"{what}, some 4 minutes on 2 cores")
    await golang.install(
        go,
        f"github.com/ollama/ollama@v{VERSION}",
        into,
        what=what,
        report=report,
        linker_flags=f"-X=github.com/ollama/ollama/version.Version={VERSION}",
        environment={
            "CGO_ENABLED": "1",
            "CGO_CPPFLAGS": f"-I{include}",
            "CGO_CFLAGS": flags,
            "CGO_CXXFLAGS": flags,
        },
    )


def _processor() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


SERVER = Server(
    title="Ollama",
    program="ollama",
    version=VERSION,
    minimum=(0, 9, 0),  # the first whose chat interface has `think`
    version_environment={"OLLAMA_HOST": "127.0.0.1:1", "HOME": "/nonexistent"},  # asks no running server for its own
    release=RELEASE,
    build=_build,
)
