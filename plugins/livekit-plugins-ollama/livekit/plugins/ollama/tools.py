"""LiveKit's function tools as Ollama's tool schemas."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from livekit.agents import llm

_Schema = Mapping[str, Any]


def to_ollama_tools(tools: Sequence[llm.Tool]) -> list[dict[str, Any]]:
    """Function tools for `/api/chat`; tools that run at another provider are left out.

    Ollama's client carries `type`, `items`, `enum` and `description` of a parameter and drops the
    rest of JSON schema, so references are resolved, unions merged into one list of types, and a
    default or a nested object's schema is told in the description.
    """
    return [
        {"type": "function", "function": _function(schema["function"])}
        for schema in llm.ToolContext(list(tools)).parse_function_tools("openai", strict=False)
    ]


def _function(function: _Schema) -> dict[str, Any]:
    parameters: _Schema = function.get("parameters") or {}
    defs: _Schema = parameters.get("$defs") or {}
    return {
        "name": function["name"],
        "description": (function.get("description") or "").strip(),
        "parameters": {
            "type": "object",
            "properties": {
                name: _parameter(_resolved(schema, defs)) for name, schema in parameters.get("properties", {}).items()
            },
            "required": list(parameters.get("required", ())),
        },
    }


def _parameter(schema: _Schema) -> dict[str, Any]:
    """One parameter, of a schema without references."""
    branches: list[_Schema] = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())] or [schema]
    types = list(dict.fromkeys(kind for branch in branches for kind in _types(branch)))
    notes = [schema.get("description", "")]
    if "default" in schema:
        notes.append(f"(default: {json.dumps(schema['default'], ensure_ascii=False)})")
    notes += [f"Its JSON schema: {json.dumps(part, ensure_ascii=False)}" for part in branches if "properties" in part]
    parameter: dict[str, Any] = {"description": " ".join(note for note in notes if note)}
    if types:
        parameter["type"] = types[0] if len(types) == 1 else types
    if values := [value for branch in branches for value in _values(branch)]:
        parameter["enum"] = values
    if items := next((branch["items"] for branch in branches if "items" in branch), None):
        parameter["items"] = items
    return parameter


def _types(schema: _Schema) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _values(schema: _Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _resolved(schema: Any, defs: _Schema, within: tuple[str, ...] = ()) -> Any:
    """The schema with every `$ref` replaced by what it names; a type that holds itself ends as a plain object."""
    if isinstance(schema, list):
        return [_resolved(part, defs, within) for part in schema]
    if not isinstance(schema, dict):
        return schema
    rest = {key: _resolved(value, defs, within) for key, value in schema.items() if key not in ("$ref", "$defs")}
    if "$ref" not in schema:
        return rest
    name = str(schema["$ref"]).rpartition("/")[2]
    if name in within or name not in defs:
        return {"type": "object", **rest}
    return {**_resolved(defs[name], defs, (*within, name)), **rest}
