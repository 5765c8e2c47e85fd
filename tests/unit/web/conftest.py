from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from malbeot.web.app import create_app
from malbeot.web.config import PersonaEntry, WebConfig


@pytest.fixture
def config() -> WebConfig:
    return WebConfig(
        livekit_url="ws://livekit.example:7880",
        api_key="key",
        api_secret="s" * 40,
        host="127.0.0.1",
        port=0,
        personas=(
            PersonaEntry(id="ko", name="다솜", language="ko"),
            PersonaEntry(id="en", name="June", language="en"),
        ),
    )


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Where the built page would be. Nothing is there yet."""
    return tmp_path / "static"


@pytest.fixture
async def client(config: WebConfig, static: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(config, static=static))
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client
