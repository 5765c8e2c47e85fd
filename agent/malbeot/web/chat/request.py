"""What `POST /v1/chat/completions` takes: OpenAI's fields, and a few of ours (`extra_body` of its client)."""

import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from malbeot.call import MAX_NAME, Language
from malbeot.memory.names import SessionName
from malbeot.scenario import ScenarioChoice

MAX_MESSAGES = 100
MAX_TEXT = 4000
"""Characters of one message."""
MAX_IN_ALL = 100_000
"""Characters of all: more than models read, and the whole of a long conversation."""

_SEAM = re.compile(
    r"(?<=<)(?=[|｜])|(?<=[|｜])(?=>)|(?<=<)(?=/?(?:s|start_of_turn|end_of_turn)>)|(?<=\[)(?=/?INST\])|(?<=<)(?=</?SYS>>)"
)
"""Where special tokens such as `<|im_end|>`, `<end_of_turn>` and `[INST]` come apart."""


def plain_text(text: str) -> str:
    """The same text; special tokens of chat models are taken apart, so that none begins a turn of its own.

    Control characters are left out, but for line breaks and tabs.
    """
    shown = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return _SEAM.sub(" ", shown)


_Words = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(plain_text)]


class TextPart(BaseModel):
    """Images and sound are no part of a typed conversation."""

    type: Literal["text"]
    text: _Words


def _speaks(role: str) -> str:
    if role in ("system", "developer"):
        raise ValueError("the persona has its own instructions: leave system messages out, or send a scenario")
    if role not in ("user", "assistant"):
        raise ValueError("must be user or assistant")
    return role


_Parts = Annotated[list[TextPart], Field(max_length=MAX_MESSAGES)]


def _no_longer_in_parts(content: str | list[TextPart]) -> str | list[TextPart]:
    if not isinstance(content, str) and sum(len(part.text) for part in content) > MAX_TEXT:
        raise ValueError(f"its parts should have at most {MAX_TEXT} characters in all")
    return content


class Said(BaseModel):
    """One message."""

    role: Annotated[str, AfterValidator(_speaks)]
    content: Annotated[_Words | _Parts, AfterValidator(_no_longer_in_parts)]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


def _not_too_much(messages: list[Said]) -> list[Said]:
    if sum(len(message.text) for message in messages) > MAX_IN_ALL:
        raise ValueError(f"should have at most {MAX_IN_ALL} characters in all: leave out the oldest")
    return messages


def _ends_with_user(messages: list[Said]) -> list[Said]:
    if messages[-1].role != "user":
        raise ValueError("the last one must be the user's, for there is nothing else to answer")
    if not messages[-1].text.strip():
        raise ValueError("the last one is empty")
    return messages


_Conversation = Annotated[
    list[Said],
    Field(min_length=1, max_length=MAX_MESSAGES),
    AfterValidator(_ends_with_user),
    AfterValidator(_not_too_much),
]


class JsonSchema(BaseModel):
    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    name: str = "answer"
    description: str | None = None
    json_schema: Annotated[dict[str, Any], Field(alias="schema")]
    strict: bool | None = None


class ResponseFormat(BaseModel):
    """Words, some JSON object, or one of a JSON schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(BaseModel):
    include_usage: bool = False


def _one(number: int | None) -> int | None:
    if number not in (None, 1):
        raise ValueError("there is one answer to a request: leave it out")
    return number


def _none(value: Any) -> Any:
    if value:
        raise ValueError("is not supported: leave it out")
    return value


def _text_alone(kinds: list[str] | None) -> list[str] | None:
    if kinds not in (None, ["text"]):
        raise ValueError("answers are text alone; for speech there is /v1/audio/speech")
    return kinds


_Refused = Annotated[Any, AfterValidator(_none)]
_Ignored = Any
"""What changes nothing in an answer here, and clients send."""


class ChatRequest(BaseModel):
    """One request. What cannot be honoured is refused; a field that nobody knows, too, for it may be a slip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    messages: _Conversation
    stream: bool = False
    stream_options: StreamOptions | None = None
    response_format: ResponseFormat | None = None

    max_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=100_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None

    name: Annotated[str, Field(max_length=MAX_NAME)] = ""
    """What the companion calls whoever asks."""
    language: Language | None = None
    """Whose persona answers for `malbeot`; without it, the language of Accept-Language."""
    scenario: ScenarioChoice = None
    session: SessionName | None = None
    """A conversation that is remembered here for an hour, so that only what is new has to be sent; calls share it."""

    n: Annotated[int | None, AfterValidator(_one)] = None
    modalities: Annotated[list[str] | None, AfterValidator(_text_alone)] = None
    tools: _Refused = None
    functions: _Refused = None
    audio: _Refused = None
    logprobs: _Refused = None
    top_logprobs: _Refused = None
    logit_bias: _Refused = None
    web_search_options: _Refused = None

    tool_choice: _Ignored = None
    function_call: _Ignored = None
    parallel_tool_calls: _Ignored = None
    metadata: _Ignored = None
    prediction: _Ignored = None
    prompt_cache_key: _Ignored = None
    reasoning_effort: _Ignored = None
    safety_identifier: _Ignored = None
    service_tier: _Ignored = None
    store: _Ignored = None
    user: _Ignored = None
    verbosity: _Ignored = None

    @property
    def longest(self) -> int | None:
        """Tokens that the answer may have."""
        return self.max_completion_tokens or self.max_tokens
