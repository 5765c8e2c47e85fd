"""LiveKit server: the pinned version, and how it is found, fetched or built."""

from pathlib import Path

from . import golang, server
from .cache import Cache
from .progress import Report
from .release import Asset, Release
from .server import Search, Server

VERSION = "1.13.5"
_GO = (1, 26)  # go.mod of the module

RELEASE = Release(
    title=f"LiveKit server {VERSION}",
    url=f"https://github.com/livekit/livekit/releases/download/v{VERSION}",
    assets={
        "amd64": Asset(
            name=f"livekit_{VERSION}_linux_amd64.tar.gz",
            size=18064127,
            sha256="c020fac437b7cc9b776eef1ad5ea8af77be9acfa07602eca20a3a44930dfbc70",
        ),
        "arm64": Asset(
            name=f"livekit_{VERSION}_linux_arm64.tar.gz",
            size=16349520,
            sha256="332015305518765fe05bad74fc3a9d9583e635e7dd130de3c4fc563d69c550f3",
        ),
    },
    unpacked=4.5,
)


def search(cache: Cache) -> Search:
    """What is on this machine, its version, and why candidates were passed over. It blocks."""
    return server.search(SERVER, cache)


def find(cache: Cache) -> Path | None:
    """`livekit-server` on PATH or in the cache. It blocks for the time of `livekit-server --version`."""
    found = search(cache).found
    return found.path if found else None


async def ensure(cache: Cache, report: Report) -> Path:
    """`livekit-server`: found, else the pinned release, else built with Go in some 2 minutes. Raises `LocalError`."""
    return (await server.ensure(SERVER, cache, report)).path


async def _build(cache: Cache, into: Path, report: Report) -> None:
    what = f"LiveKit server {VERSION}: building with Go"
    go = await golang.toolchain(cache, _GO, report)
    report(f"{what}, some 2 minutes on 2 cores")
    module = f"github.com/livekit/livekit-server/cmd/server@v{VERSION}"
    await golang.install(go, module, into, what=what, report=report, environment={"CGO_ENABLED": "0"})
    (into / "server").rename(into / "livekit-server")


SERVER = Server(
    title="LiveKit server",
    program="livekit-server",
    version=VERSION,
    minimum=(1, 8, 3),  # the first with the room's configuration in the caller's token and with text streams
    version_environment={},
    release=RELEASE,
    build=_build,
)
