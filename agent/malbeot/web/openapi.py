"""The service's own description, at /openapi.json: what FastAPI knows of the routes, and how they refuse."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from malbeot import __version__
from malbeot.web.access import admitted, operator
from malbeot.web.chat.refusals import PREFIX

PATH = "/openapi.json"
_GUARDS = {admitted, operator}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "The access code or an invitation. Who calls from the machine itself needs neither, unless the "
    "service has a public address.",
}
_TEXT = {"type": "string"}
_HARMLESS = {"get", "head", "options"}
_ANOTHER_SITE = {
    "description": "Sent by another site's page",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
}
_REFUSALS = {
    "Refusal": {
        "title": "Refusal",
        "description": "What happened, why and what to do, in one line.",
        "type": "object",
        "properties": {"message": _TEXT},
        "required": ["message"],
        "additionalProperties": False,
        "examples": [{"message": "language: input should be 'ko' or 'en'"}],
    },
    "OpenAIRefusal": {
        "title": "OpenAIRefusal",
        "description": "The same in the form that OpenAI's clients read.",
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "message": _TEXT,
                    "type": _TEXT,
                    "param": {"type": ["string", "null"]},
                    "code": {"type": ["string", "null"]},
                },
                "required": ["message", "type"],
            }
        },
        "required": ["error"],
    },
}
_EXAMPLES = {
    "NewCall": {"name": "Rose", "language": "en"},
    "ChatRequest": {"model": "malbeot", "messages": [{"role": "user", "content": "Good morning!"}]},
    "SpeechRequest": {"voice": "june", "input": "Good morning!"},
}


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Lets `app`, which `routers` are part of, serve its description. There is no page that shows it."""
    guarded = {
        (route.path_format, method.lower())
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and not _GUARDS.isdisjoint(_dependencies(route.dependant))
        for method in route.methods or ()
    }

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, guarded)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, guarded: set[tuple[str, str]]) -> dict[str, Any]:
    document = get_openapi(
        title="Malbeot",
        version=__version__,
        description="Calls with a companion, and text beside them.",
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    components.setdefault("securitySchemes", {})["bearer"] = _BEARER
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own refusal, which `errors.py` replaces
        schemas.pop(unused, None)
    schemas |= _REFUSALS
    for name, example in _EXAMPLES.items():
        if name in schemas:
            schemas[name].setdefault("examples", [example])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) in guarded:
                operation["security"] = [{}, {"bearer": []}]
                operation["responses"].setdefault("401", {"description": "No access code or invitation that is valid"})
                operation["responses"].setdefault("429", {"description": "Asked too often"})
            responses = operation["responses"]
            if method not in _HARMLESS:
                responses.setdefault("403", _ANOTHER_SITE)
            if "requestBody" in operation:
                responses.setdefault("400", {"description": "A body that cannot be read"})
                responses.setdefault("408", {"description": "A body that does not come to its end in time"})
                responses.setdefault("413", {"description": "A body that is too large"})
            if path.startswith(PREFIX):
                responses.pop("422", None)  # told as 400, like OpenAI's own
            _refuse(responses, "OpenAIRefusal" if path.startswith(PREFIX) else "Refusal")
    return document


def _refuse(responses: dict[str, Any], refusal: str) -> None:
    """Gives refusals that say no more of themselves their body."""
    schema = {"$ref": f"#/components/schemas/{refusal}"}
    for status, response in responses.items():
        content = response.get("content", {}).get("application/json", {})
        if status >= "400" and ("content" not in response or "HTTPValidationError" in str(content)):
            response["content"] = {"application/json": {"schema": schema}}


def _dependencies(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _dependencies(needed)
