"""What the tests of malbeot_local share: a cache, reports, a loopback HTTP server, and tiny packages for pip."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from unit.local.tiny import PARTS, WHOLE, lock_of, write_wheel

from malbeot_local import locks, models
from malbeot_local.cache import Cache
from malbeot_local.embedded import File, Model

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def serve() -> Callable[[Handler], AbstractAsyncContextManager[str]]:
    """`async with serve(handler) as url`: a real HTTP server on loopback that gives everything to `handler`."""

    @asynccontextmanager
    async def running(handler: Handler) -> AsyncIterator[str]:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    return running


@pytest.fixture
def tiny_model() -> Model:
    """A model of one file, joined from two packages as whisper-base is."""
    parts = tuple((package, f"{package.replace('-', '_')}/data/part") for package in PARTS)
    digest = hashlib.sha256(WHOLE).hexdigest()
    return Model(name="tiny", files=(File(name="model.bin", size=len(WHOLE), sha256=digest, parts=parts),))


@pytest.fixture
def package_folder(tmp_path: Path) -> Path:
    return tmp_path / "packages"


@pytest.fixture
def index(
    tmp_path: Path, package_folder: Path, tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Makes pip see only the tiny model's packages, and malbeot_local only that model. Calling it pins them anew."""
    package_folder.mkdir()
    for package, content in PARTS.items():
        write_wheel(package_folder, package, {"data/part": content})

    def pin() -> None:
        (tmp_path / "lock.txt").write_text(lock_of(package_folder))

    pin()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(package_folder))
    monkeypatch.setattr(locks, "lock_file", lambda name: tmp_path / "lock.txt")
    monkeypatch.setattr(models, "EMBEDDED", (tiny_model,))
    return pin
