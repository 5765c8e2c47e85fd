from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from malbeot.persona_choice import load_all
from malbeot.settings import Settings
from malbeot.web.app import create_app
from support.scripted_livekit import ScriptedLiveKit, scripted_livekit

API_KEY, API_SECRET = "key", "s" * 40


@pytest.fixture
async def livekit() -> AsyncIterator[ScriptedLiveKit]:
    """Where calls are; there is none yet."""
    async with scripted_livekit(API_KEY, API_SECRET) as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, livekit: ScriptedLiveKit) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        livekit_url=livekit.url,
        livekit_public_url="ws://livekit.example:7880",
        livekit_api_key=API_KEY,
        livekit_api_secret=API_SECRET,  # type: ignore[arg-type]
        malbeot_state=tmp_path / "state",
        web_port=0,
    )


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Where the built page would be. Nothing is there yet."""
    return tmp_path / "static"


@pytest.fixture
async def client(settings: Settings, static: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on this machine."""
    app = create_app(settings, load_all(settings), static=static)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            yield client
