"""Text beside voice, for real: `malbeot web` as a process, Ollama behind it, OpenAI's client in front."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import psutil
import pytest

from support.stack import Stack, running_stack

LONG: Any = [{"role": "user", "content": "Count from one to one thousand, and leave no number out."}]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("openai")
    env = {"OLLAMA_NUM_PREDICT": "1500"}
    async with running_stack(folder, roles=("ollama", "voice", "web"), env=env) as running:
        yield running


@pytest.fixture(scope="module")
async def client(stack: Stack) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{stack.web_url}/v1", api_key="none", max_retries=0) as client:
        yield client


async def test_it_answers_whole_and_streamed_with_the_same_session(client: openai.AsyncOpenAI) -> None:
    extra = {"session": "integration-1", "name": "Rose"}
    hello: Any = [{"role": "user", "content": "Hello, my cat is called Biscuit."}]
    whole = await client.chat.completions.create(model="en", messages=hello, max_tokens=40, extra_body=extra)
    assert whole.choices[0].message.content
    assert whole.usage
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    again: Any = [{"role": "user", "content": "What is my cat called?"}]
    stream = await client.chat.completions.create(
        model="en",
        messages=again,
        max_tokens=3,
        extra_body=extra,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "length"
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == 3
    assert chunks[-1].usage.prompt_tokens > whole.usage.prompt_tokens + 20, "the first turn is not remembered"


async def test_an_answer_has_the_shape_of_a_schema(client: openai.AsyncOpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"mood": {"type": "string", "enum": ["happy", "sad"]}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "mood", "schema": schema, "strict": True}}
    asked: Any = [{"role": "user", "content": "I won a prize today. How do I feel?"}]
    answer = await client.chat.completions.create(model="en", messages=asked, response_format=wanted)
    assert json.loads(answer.choices[0].message.content or "")["mood"] in ("happy", "sad")


async def test_ollama_stops_when_the_reader_leaves(stack: Stack, client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="en", messages=LONG, stream=True)
    words = aiter(stream)
    for _ in range(4):
        await anext(words)
    assert await busy_s(stack) > 0.3, "it was not generating"
    await stream.close()
    await asyncio.sleep(1.0)
    assert await busy_s(stack) < 0.2, "it goes on for nobody"


async def busy_s(stack: Stack) -> float:
    """CPU seconds that Ollama takes in one second."""

    def used() -> float:
        times = [psutil.Process(pid).cpu_times() for pid in stack.pids["ollama"]]
        return sum(time.user + time.system for time in times)

    before = used()
    await asyncio.sleep(1.0)
    return used() - before


async def test_speech_comes_from_the_voice_server(client: openai.AsyncOpenAI) -> None:
    said = await client.audio.speech.create(model="x", voice="june", input="Good morning.", response_format="wav")
    assert said.content[:4] == b"RIFF"
    assert len(said.content) > 16000


async def test_without_ollama_it_says_so_in_one_line(stack: Stack, client: openai.AsyncOpenAI) -> None:
    await stack.stop("ollama")
    for stream in (True, False):
        with pytest.raises(openai.InternalServerError, match="not reachable") as refused:
            await client.chat.completions.create(model="en", messages=LONG, stream=stream)
        assert refused.value.status_code == 503
    assert "Traceback" not in stack.log("web")
    assert "thousand" not in stack.log("web")
