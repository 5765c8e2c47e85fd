"""Every refusal is one line of JSON: `{"message": …}`, without what was sent, which may be somebody's name.

Below `/v1/` it is OpenAI's form of the same. Where programs have to tell refusals apart, `detail` is a dict that holds
the message and a `reason`.
"""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from malbeot.web.chat.refusals import PREFIX, openai_form

_TOLD = 3
"""Complaints: whoever mends these asks again."""
_LONGEST_FIELD = 60


def explain_errors(app: FastAPI) -> None:
    """Answers refused requests so."""
    app.add_exception_handler(RequestValidationError, _explain_invalid)
    app.add_exception_handler(StarletteHTTPException, _explain)


async def _explain_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    complaints = [f"{_field(problem['loc'])}: {_reason(problem)}" for problem in problems[:_TOLD]]
    more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
    message = "; ".join((*complaints, *more))
    if request.url.path.startswith(PREFIX):
        detail = {"message": message, "param": _field(problems[0]["loc"])}
        return JSONResponse(openai_form(400, detail), status_code=400)
    return JSONResponse({"message": message}, status_code=422)


def _field(place: tuple[str | int, ...]) -> str:
    """Where it is, on one line: a field that nobody knows may be called anything."""
    name = " ".join(".".join(part for part in place[1:] if isinstance(part, str)).split())
    return f"{name[: _LONGEST_FIELD - 1]}…" if len(name) > _LONGEST_FIELD else name or "body"


def _reason(problem: dict[str, object]) -> str:
    if problem["type"] == "json_invalid":
        return "is not JSON"
    if isinstance(problem.get("input"), bytes):  # which nothing in JSON is
        return "is not sent as JSON: send Content-Type: application/json"
    reason = " ".join(str(problem["msg"]).removeprefix("Value error, ").split())
    return reason[:1].lower() + reason[1:]


async def _explain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    detail: object = error.detail
    if request.url.path.startswith(PREFIX):
        body = openai_form(error.status_code, detail)
    else:
        body = detail if isinstance(detail, dict) else {"message": detail}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
