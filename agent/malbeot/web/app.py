"""The web service: the page, calls for whoever may call, text beside the voice, and how all of it is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from malbeot.persona import Persona
from malbeot.persona_choice import all_scenarios, all_voices
from malbeot.providers import create_llm
from malbeot.settings import Settings
from malbeot.web import calls, catalogue, openapi, speech, status
from malbeot.web.access.origin import SameOrigin
from malbeot.web.body_limit import BodyLimit
from malbeot.web.chat import completions
from malbeot.web.door import open_door
from malbeot.web.errors import explain_errors
from malbeot.web.figures import CountRequests
from malbeot.web.headers import SecureHeaders
from malbeot.web.page_files import STATIC, PageFiles


def create_app(settings: Settings, personas: Mapping[str, Persona], *, static: Path = STATIC) -> FastAPI:
    """The ASGI application. What its requests share is made when it starts (`door.py`)."""
    # Made here and not when it starts: what the operator has to mend is told in one line.
    scenarios, voices, model = all_scenarios(settings), all_voices(settings), create_llm(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_door(settings, personas, scenarios=scenarios, voices=voices, model=model) as app.state.door:
            yield

    app = FastAPI(
        title="Malbeot",
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi.PATH,
        redirect_slashes=False,  # a redirect goes where the request's own Host says
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(SameOrigin, public_url=settings.web_public_url)
    app.add_middleware(SecureHeaders, livekit_url=settings.livekit_public_url or settings.livekit_url)
    app.add_middleware(CountRequests)
    explain_errors(app)
    routers = [part.router for part in (status, catalogue, calls, completions, speech)]
    for router in routers:
        app.include_router(router)
    openapi.describe(app, routers)
    # Behind all routes: mounted among them it would answer for a path that only has other methods.
    app.router.default = PageFiles(static)
    return app
