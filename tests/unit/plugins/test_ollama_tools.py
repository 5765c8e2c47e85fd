"""LiveKit's function tools as the schemas that Ollama's client carries."""

import enum
from typing import Annotated, Any, Literal

from livekit.agents import function_tool
from ollama import Tool
from pydantic import BaseModel, Field

from livekit.plugins.ollama.tools import to_ollama_tools


class Room(enum.Enum):
    KITCHEN = "kitchen"
    BEDROOM = "bedroom"


class Person(BaseModel):
    name: str
    age: int


class Branch(BaseModel):
    name: str
    below: list["Branch"] = []


def parameters(tool: Any) -> dict[str, Any]:
    """A tool's parameters after they went through Ollama's client."""
    (schema,) = to_ollama_tools([tool])
    sent = Tool.model_validate(schema).model_dump(exclude_none=True)
    assert sent == schema, "Ollama's client would drop a part of this"
    found: dict[str, Any] = schema["function"]["parameters"]
    return found


def test_simple_types_defaults_and_descriptions() -> None:
    @function_tool
    async def remind(what: str, minutes: int, often: float = 1.5) -> None:
        """Reminds the caller.

        Args:
            what: what of
            minutes: in how many minutes
        """

    assert parameters(remind) == {
        "type": "object",
        "required": ["what", "minutes"],
        "properties": {
            "what": {"type": "string", "description": "what of"},
            "minutes": {"type": "integer", "description": "in how many minutes"},
            "often": {"type": "number", "description": "(default: 1.5)"},
        },
    }


def test_unions_enums_and_literals() -> None:
    @function_tool
    async def light(room: Room, other: Room | None = None, colour: Literal["red", "blue"] = "red") -> None:
        """Switches a light."""

    found = parameters(light)["properties"]
    assert found["room"] == {"type": "string", "enum": ["kitchen", "bedroom"], "description": ""}
    assert found["other"]["type"] == ["string", "null"]
    assert found["other"]["enum"] == ["kitchen", "bedroom"]
    assert found["colour"]["enum"] == ["red", "blue"]


def test_lists_and_nested_objects() -> None:
    @function_tool
    async def invite(people: list[Person], host: Annotated[Person, Field(description="who invites")]) -> None:
        """Invites people."""

    found = parameters(invite)["properties"]
    assert found["people"]["type"] == "array"
    assert found["people"]["items"]["properties"]["age"]["type"] == "integer"
    assert found["host"]["type"] == "object"
    assert found["host"]["description"].startswith("who invites Its JSON schema: {")
    assert '"age"' in found["host"]["description"]


def test_a_type_that_holds_itself_ends() -> None:
    @function_tool
    async def plant(tree: list[Branch]) -> None:
        """Plants a tree."""

    items = parameters(plant)["properties"]["tree"]["items"]
    assert items["properties"]["below"]["items"] == {"type": "object"}


def test_a_raw_schema_and_no_parameters() -> None:
    raw = {
        "name": "weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }

    @function_tool(raw_schema=raw)
    async def weather(raw_arguments: dict[str, object]) -> None: ...

    @function_tool
    async def hang_up() -> None:
        """Ends the call."""

    assert parameters(weather)["properties"] == {"city": {"type": "string", "description": ""}}
    assert parameters(hang_up) == {"type": "object", "properties": {}, "required": []}
