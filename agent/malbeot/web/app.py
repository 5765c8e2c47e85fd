"""The web service: the page, calls for whoever may call, text beside the voice, and how all of it is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from malbeot.persona import Persona
from malbeot.settings import Settings
from malbeot.web import calls, catalogue, status
from malbeot.web.door import open_door
from malbeot.web.errors import explain_errors
from malbeot.web.headers import SecureHeaders
from malbeot.web.page_files import STATIC, PageFiles


def create_app(settings: Settings, personas: Mapping[str, Persona], *, static: Path = STATIC) -> FastAPI:
    """The ASGI application. What its requests share is made when it starts (`door.py`)."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_door(settings, personas) as app.state.door:
            yield

    app = FastAPI(title="Malbeot", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(SecureHeaders, livekit_url=settings.livekit_public_url or settings.livekit_url)
    explain_errors(app)
    for part in (status, catalogue, calls):
        app.include_router(part.router)
    app.mount("/", PageFiles(static), name="page")
    return app
