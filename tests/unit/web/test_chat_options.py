"""What a request asks of the language model, in each provider's words."""

from typing import Any

import pytest
from fastapi import HTTPException

from malbeot.settings import Settings
from malbeot.web.chat.options import model_options
from malbeot.web.chat.request import ChatRequest

SCHEMA = {"type": "object", "properties": {}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA}}


def request(**fields: Any) -> ChatRequest:
    return ChatRequest.model_validate({"model": "en", "messages": [{"role": "user", "content": "Hello."}], **fields})


def with_provider(settings: Settings, provider: str) -> Settings:
    return settings.model_copy(update={"llm_provider": provider, "ollama_num_predict": 200})


def test_ollama_takes_options_and_a_format_and_never_more_than_the_operator_allows(settings: Settings) -> None:
    ollama = with_provider(settings, "ollama")
    asked = request(max_tokens=50, temperature=0.3, seed=7, stop="END", response_format=FORMAT)
    options = model_options(ollama, asked)
    assert options.longest == 50
    assert options.arguments["extra_kwargs"] == {
        "options": {"temperature": 0.3, "seed": 7, "stop": ["END"], "num_predict": 50},
        "format": SCHEMA,
    }
    assert model_options(ollama, request(max_completion_tokens=9999)).longest == 200
    assert model_options(ollama, request()).longest == 200
    json_alone = request(response_format={"type": "json_object"})
    assert model_options(ollama, json_alone).arguments["extra_kwargs"]["format"] == "json"


def test_openai_takes_what_it_was_sent(settings: Settings) -> None:
    openai = with_provider(settings, "openai")
    options = model_options(openai, request(max_completion_tokens=50, top_p=0.9, response_format=FORMAT))
    assert options.arguments == {"extra_kwargs": {"top_p": 0.9, "max_completion_tokens": 50, "response_format": FORMAT}}
    assert model_options(openai, request(response_format={"type": "text"})).arguments == {}


def test_bedrock_takes_temperature_alone(settings: Settings) -> None:
    bedrock = with_provider(settings, "bedrock")
    assert model_options(bedrock, request(temperature=0.5)).arguments == {"temperature": 0.5}
    for fields in ({"response_format": FORMAT}, {"max_tokens": 5}, {"seed": 1}):
        with pytest.raises(HTTPException) as refused:
            model_options(bedrock, request(**fields))
        assert refused.value.status_code == 400
        assert next(iter(fields)) in str(refused.value.detail)
