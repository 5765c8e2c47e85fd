"""Refusals in OpenAI's form, from which its clients make their own exceptions."""

from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from livekit.agents import APIError, APIStatusError, APITimeoutError

from malbeot.web.slots import RETRY_AFTER_S

PREFIX = "/v1/"
"""What every path of OpenAI's interface begins with."""

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}
_REFUSED = {400, 422}
"""A model's server answers so to what a request asks of it, such as a schema that it does not take."""


def refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTTPException:
    """`param` is the field that is wrong, `code` what programs tell it by."""
    return HTTPException(status, {"message": message, "param": param, "code": code}, headers=headers)


def busy() -> HTTPException:
    """429: as much is being made as this service makes at once."""
    message = f"Others are being answered just now: please try again in {RETRY_AFTER_S} s."
    return refusal(429, message, code="busy", headers={"Retry-After": str(RETRY_AFTER_S)})


def openai_form(status: int, detail: object) -> dict[str, Any]:
    """The body for a refusal's `detail`: its message, or a dict as `refusal` makes them."""
    known: dict[str, Any] = detail if isinstance(detail, dict) else {"message": str(detail)}
    return {
        "error": {
            "message": known["message"],
            "type": _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"),
            "param": known.get("param"),
            "code": known.get("code") or _CODES.get(status),
        }
    }


def refused(why: HTTPException) -> JSONResponse:
    """The answer to whom a refusal cannot be raised any more."""
    return JSONResponse(openai_form(why.status_code, why.detail), status_code=why.status_code, headers=why.headers)


def model_failed(error: APIError) -> HTTPException:
    """What a failed language model is answered with: 504 too late, 503 not reachable, 502 failed; not its own words."""
    if isinstance(error, APIStatusError) and error.status_code in _REFUSED:
        return refusal(400, "The language model's server refuses the request: check its options and response_format.")
    again = "please try again in a little while"
    if isinstance(error, APITimeoutError):
        return refusal(504, f"The language model did not answer in time: {again}.", code="model_timeout")
    if isinstance(error, APIStatusError):
        return refusal(502, f"The language model failed: {again}.", code="model_failed")
    return refusal(503, f"The language model is not reachable: {again}.", code="model_unavailable")
