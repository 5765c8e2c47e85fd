"""Every refusal is one line of JSON: `{"message": …}`, without what was sent, which may be somebody's name."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException


def explain_errors(app: FastAPI) -> None:
    """Answers refused requests so."""
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(StarletteHTTPException, _explain)


async def _explain_invalid(_: Request, error: Exception) -> JSONResponse:
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
