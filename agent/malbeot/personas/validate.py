"""From a file to a persona or a voice; every mistake becomes one line that names file, line and field."""

from __future__ import annotations

import difflib
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from malbeot.personas.errors import PersonaError
from malbeot.personas.source import Place, Source, dotted

_KINDS = {str: "text", bool: "yes or no", int: "a number", float: "a number", list: "a list", dict: "a mapping"}
_EXPECTED = {
    "string_type": "text",
    "float_type": "a number",
    "tuple_type": "a list",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
}
_Model = TypeVar("_Model", bound=BaseModel)


def validated(source: Source, model: type[_Model], kind: str) -> _Model:
    """What the file holds. `kind` is its name for people: "persona" or "voice".

    Raises PersonaError for one mistake: an unknown field before all others, as it may be why another is missing.
    """
    try:
        return model.model_validate(source.data)
    except ValidationError as e:
        errors = e.errors(include_url=False, include_context=True)
        # A list whose items are all wrong is reported as too short besides.
        causes = [error for error in errors if error["type"] != "too_short" or not error["input"]]
        explained = (_explain(source, error, model, kind) for error in causes or errors)
        raise min(explained, key=lambda found: found[0])[1] from e


def did_you_mean(word: str, known: list[str]) -> str:
    """' (did you mean …?)' where one is near, else the empty string."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _explain(
    source: Source, error: ErrorDetails, model: type[BaseModel], of: str
) -> tuple[tuple[int, int], PersonaError]:
    place: Place = tuple(error["loc"])
    line = source.line(place)
    kind = error["type"]
    if kind in ("extra_forbidden", "invalid_key"):
        known = _fields(model, place[:-1])
        word = str(place[-1])
        advice = did_you_mean(word, known) or f"; the fields here are {', '.join(known)}"
        reason = f"is not a field of a {of}{advice}"
    elif kind == "missing":
        around = dotted(place[:-1])
        reason = f"is missing; add '{place[-1]}:'" + (f" under '{around}:'" if around else "")
    elif kind in _EXPECTED:
        reason = f"must be {_EXPECTED[kind]}, but is {_shown(error['input'])}"
    elif kind == "literal_error":
        reason = f"must be one of {error['ctx']['expected']}, but is {_shown(error['input'])}"
    elif kind in ("string_too_short", "too_short"):
        least = error["ctx"]["min_length"]
        reason = "must not be empty" if least == 1 else f"must hold {least} at least, and holds {len(error['input'])}"
    else:
        reason = f"{error['msg'][:1].lower()}{error['msg'][1:]}, but is {_shown(error['input'])}"
    return (kind != "extra_forbidden", line), PersonaError(source.path, line, dotted(place), reason)


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    kind = _KINDS.get(type(value), type(value).__name__)
    if isinstance(value, bool):
        return f"{kind} ({str(value).lower()}); put it in quotes if it is text"
    return f"{kind} ({value!r})" if isinstance(value, str | int | float) else kind


def _fields(model: Any, place: Place) -> list[str]:
    """The names of the fields at `place`."""
    for part in place:
        model = get_args(model)[0] if isinstance(part, int) else model.model_fields[part].annotation
        if isinstance(model, UnionType):  # a part that may be missing
            model = get_args(model)[0]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def files(folder: Path, kind: str, example: str) -> list[Path]:
    """The files of a folder, in order. Raises PersonaError where there are none."""
    if not folder.is_dir():
        raise PersonaError(folder, None, None, f"is not a folder; expected {kind} files such as {example} in it")
    found = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith("."))
    if not found:
        raise PersonaError(folder, None, None, f"holds no {kind}; add a file such as {example}")
    return found
