"""The web service: the page, and a token for whoever wants to call."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from malbeot.call import CallRequest, Language
from malbeot.web.config import WebConfig
from malbeot.web.headers import SecureHeaders
from malbeot.web.names import clean_name
from malbeot.web.tokens import issue

STATIC = Path(__file__).parent / "static"
"""The built page."""


class NewCall(BaseModel):
    """Who calls, in which language, and whom. No persona: the one that the operator chose, or by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(clean_name)] = ""
    language: Language
    persona: str = ""


class CallTicket(BaseModel):
    """Where to join and with what."""

    url: str
    token: str
    room: str
    identity: str
    expires_at: datetime


class Page(StaticFiles):
    """The built page, or one line that says how to build it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._index = folder / "index.html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._index.is_file():
            await super().__call__(scope, receive, send)
        else:
            missing = PlainTextResponse("The caller page is not built yet: run `make page`.\n", status_code=503)
            await missing(scope, receive, send)


def create_app(config: WebConfig, *, static: Path = STATIC) -> FastAPI:
    """The ASGI application. It keeps nothing between requests."""
    app = FastAPI(title="Malbeot", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecureHeaders, livekit_url=config.livekit_url)
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(StarletteHTTPException, _explain)
    known = {persona.id for persona in config.personas}

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/personas")
    async def personas() -> list[dict[str, str]]:
        return [{"id": p.id, "name": p.name, "language": p.language} for p in config.personas]

    @app.post("/api/calls", status_code=201)
    async def new_call(call: NewCall) -> CallTicket:
        if call.persona and call.persona not in known:
            raise HTTPException(422, f"persona: there is none with this id; there are {', '.join(sorted(known))}")
        request = CallRequest(persona=call.persona, name=call.name, language=call.language)
        ticket = issue(request, api_key=config.api_key, api_secret=config.api_secret)
        return CallTicket(
            url=config.livekit_url,
            token=ticket.token,
            room=ticket.room,
            identity=ticket.identity,
            expires_at=ticket.expires_at,
        )

    app.mount("/", Page(static), name="page")
    return app


async def _explain_invalid(_: Request, error: Exception) -> JSONResponse:
    """One line, without what was sent: it may be somebody's name."""
    assert isinstance(error, RequestValidationError)
    complaints = [f"{_field(problem['loc'])}: {_reason(problem)}" for problem in error.errors()]
    return JSONResponse({"message": "; ".join(complaints)}, status_code=422)


def _field(place: tuple[str | int, ...]) -> str:
    return ".".join(part for part in place[1:] if isinstance(part, str)) or "body"


def _reason(problem: dict[str, object]) -> str:
    if problem["type"] == "json_invalid":
        return "is not JSON"
    reason = " ".join(str(problem["msg"]).removeprefix("Value error, ").split())
    return reason[:1].lower() + reason[1:]


async def _explain(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    return JSONResponse({"message": error.detail}, status_code=error.status_code, headers=error.headers)
