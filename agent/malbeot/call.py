"""What a call is asked to be: the metadata that its dispatch carries, from the page to the worker."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from malbeot.errors import MalbeotError
from malbeot.scenario import Scenario

AGENT_NAME = "malbeot"
"""The name under which LiveKit dispatches calls to our workers."""

MAX_NAME = 40
"""Letters of a caller's name."""

Language = Literal["ko", "en"]
Direction = Literal["inbound", "outbound"]


class CallRequest(BaseModel):
    """One call. An empty `persona` leaves the choice to the settings and the language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    persona: str = ""
    name: str = Field(default="", max_length=MAX_NAME)
    language: Language = "en"
    direction: Direction = "inbound"
    scenario: Scenario | None = None
    conversation: str = Field(default="", max_length=64)
    """The key of one that this call goes on with (`memory.conversations.session_key`)."""

    @classmethod
    def from_metadata(cls, metadata: str) -> "CallRequest":
        """Parses a dispatch's metadata; empty metadata is a call with nothing asked. Raises `MalbeotError`."""
        if not metadata:
            return cls()
        try:
            return cls.model_validate_json(metadata)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, problem["loc"])) or "JSON" for problem in error.errors())
            raise MalbeotError(f"the call's metadata is not a call request: {fields}") from None
