"""What a request asks of the language model, in the words of each provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from malbeot.settings import Settings
from malbeot.web.chat.refusals import refusal
from malbeot.web.chat.request import ChatRequest, ResponseFormat

_SAMPLING = ("temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty")


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """`arguments` of `llm.LLM.chat`, and how many tokens the answer has at most, where that is known."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    longest: int | None = None


def model_options(settings: Settings, request: ChatRequest) -> ModelOptions:
    """Raises `HTTPException` 400 for what the provider cannot be asked for."""
    if (wanted := request.response_format) and wanted.type == "json_schema" and wanted.json_schema is None:
        raise refusal(400, "response_format: json_schema is missing", param="response_format")
    return _PROVIDERS[settings.llm_provider](settings, request)


def _sampling(request: ChatRequest) -> dict[str, Any]:
    return {name: value for name in _SAMPLING if (value := getattr(request, name)) is not None}


def _format(request: ChatRequest) -> ResponseFormat | None:
    wanted = request.response_format
    return None if wanted is None or wanted.type == "text" else wanted


def _ollama(settings: Settings, request: ChatRequest) -> ModelOptions:
    longest = min(request.longest or settings.ollama_num_predict, settings.ollama_num_predict)
    options = {**_sampling(request), "num_predict": longest}
    if isinstance(request.stop, str):
        options["stop"] = [request.stop]
    extra: dict[str, Any] = {"options": options}
    if wanted := _format(request):
        extra["format"] = wanted.json_schema.json_schema if wanted.json_schema else "json"
    return ModelOptions(arguments={"extra_kwargs": extra}, longest=longest)


def _openai(_: Settings, request: ChatRequest) -> ModelOptions:
    extra = _sampling(request)
    for name in ("max_tokens", "max_completion_tokens"):  # servers differ in which of the two they know
        if (value := getattr(request, name)) is not None:
            extra[name] = value
    if wanted := _format(request):
        extra["response_format"] = wanted.model_dump(exclude_none=True)
    return ModelOptions(arguments={"extra_kwargs": extra} if extra else {}, longest=request.longest)


def _bedrock(_: Settings, request: ChatRequest) -> ModelOptions:
    asked = _sampling(request)
    temperature = asked.pop("temperature", None)
    refused = [*asked, *(name for name in ("max_tokens", "max_completion_tokens") if getattr(request, name))]
    if _format(request):
        refused.append("response_format")
    if refused:
        raise refusal(400, f"{refused[0]}: the model of this service does not take it: leave it out", param=refused[0])
    return ModelOptions(arguments={} if temperature is None else {"temperature": temperature})


_PROVIDERS: dict[str, Callable[[Settings, ChatRequest], ModelOptions]] = {
    "ollama": _ollama,
    "openai": _openai,
    "bedrock": _bedrock,
}
