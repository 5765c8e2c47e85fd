"""livekit.plugins.ollama against a real Ollama, and against scripted servers for what a good one never does."""

import asyncio
import base64
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from livekit.agents import (
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    function_tool,
    llm,
)
from livekit.agents.metrics import LLMMetrics
from livekit.plugins import ollama

PATIENT = APIConnectOptions(max_retry=0, timeout=120)
ONCE = APIConnectOptions(max_retry=0, timeout=20)
START = Callable[[Callable[[Any], Awaitable[None]]], Awaitable[Any]]


class Answer:
    """What a model said to one chat, with the events it emitted."""

    def __init__(self, model: ollama.LLM) -> None:
        self.model = model
        self.chunks: list[llm.ChatChunk] = []
        self.metrics: list[LLMMetrics] = []
        self.errors: list[llm.LLMError] = []
        self.raised: APIError | None = None
        model.on("metrics_collected", self.metrics.append)
        model.on("error", self.errors.append)

    @property
    def pieces(self) -> list[str]:
        return [chunk.delta.content for chunk in self.chunks if chunk.delta and chunk.delta.content]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def calls(self) -> list[llm.FunctionToolCall]:
        return [call for chunk in self.chunks if chunk.delta for call in chunk.delta.tool_calls]

    async def to(self, chat_ctx: llm.ChatContext, *, conn_options: APIConnectOptions = ONCE, **kwargs: Any) -> "Answer":
        try:
            async with self.model.chat(chat_ctx=chat_ctx, conn_options=conn_options, **kwargs) as stream:
                async for chunk in stream:
                    self.chunks.append(chunk)
        except APIError as error:
            self.raised = error
        return self


def asking(*words: str) -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You are a friendly companion. Answer in one short sentence.")
    for text in words:
        context.add_message(role="user", content=text)
    return context


@pytest.fixture
async def model_at() -> AsyncIterator[Callable[..., ollama.LLM]]:
    """Makes models and closes them."""
    made: list[ollama.LLM] = []

    def make(url: str, **options: Any) -> ollama.LLM:
        made.append(ollama.LLM(**{"model": "conformance-smollm2", "base_url": url, **options}))
        return made[-1]

    yield make
    for model in made:
        await model.aclose()


@function_tool
async def play_song(title: str, loud: bool = False) -> str:
    """Plays a song.

    Args:
        title: the song's title
        loud: whether to play it loud
    """
    return f"playing {title}"


# A real Ollama


@pytest.mark.servers
@pytest.mark.models
class TestReal:
    async def test_streams_an_answer_with_its_usage(self, ollama_server: Any, model_at: Any) -> None:
        model = model_at(ollama_server.url, temperature=0.0, num_predict=24)
        answer = await Answer(model).to(asking("Hello, who are you?"), conn_options=PATIENT)
        assert answer.raised is None
        assert len(answer.pieces) > 3
        assert len({chunk.id for chunk in answer.chunks}) == 1
        usage = [chunk.usage for chunk in answer.chunks if chunk.usage]
        assert len(usage) == 1
        assert 3 < usage[0].completion_tokens <= 24
        assert usage[0].prompt_tokens > 15
        assert usage[0].total_tokens == usage[0].prompt_tokens + usage[0].completion_tokens
        (metrics,) = answer.metrics
        assert metrics.request_id == answer.chunks[0].id
        assert 0 < metrics.ttft < metrics.duration
        assert metrics.metadata is not None
        assert (metrics.metadata.model_name, metrics.metadata.model_provider) == (ollama_server.model, "ollama")
        assert not answer.errors

    async def test_sampling_options_reach_the_model(self, ollama_server: Any, model_at: Any) -> None:
        same = [
            (
                await Answer(model_at(ollama_server.url, temperature=1.0, seed=7, num_predict=12)).to(
                    asking("Tell me a story."), conn_options=PATIENT
                )
            ).text
            for _ in range(2)
        ]
        other = await Answer(model_at(ollama_server.url, temperature=1.0, seed=8, num_predict=12)).to(
            asking("Tell me a story."), conn_options=PATIENT
        )
        assert same[0] == same[1] != other.text

    async def test_prewarm_loads_the_model_with_its_context(self, ollama_server: Any, model_at: Any) -> None:
        model = model_at(ollama_server.url, num_ctx=2048, keep_alive="20m")
        client = model._client
        await client.chat(ollama_server.model, messages=[], keep_alive=0)
        for _ in range(300):
            if not (await client.ps()).models:
                break
            await asyncio.sleep(0.1)
        model.prewarm()
        assert model._prewarm_task is not None
        await model._prewarm_task
        (loaded,) = (await client.ps()).models
        assert loaded.context_length == 2048
        assert (
            15 * 60 < (loaded.expires_at - loaded.expires_at.now(loaded.expires_at.tzinfo)).total_seconds() <= 20 * 60
        )

    async def test_tools_are_taken_by_a_model_that_knows_them(self, ollama_server: Any, model_at: Any) -> None:
        model = model_at(ollama_server.url, temperature=0.0, num_predict=24)
        tools = await Answer(model).to(asking("Play Arirang."), conn_options=PATIENT)
        await tools.to(asking("Play Arirang."), tools=[play_song], conn_options=PATIENT)
        assert tools.raised is None
        assert tools.text or tools.calls
        without, with_schema = [metrics.prompt_tokens for metrics in tools.metrics]
        assert with_schema > without + 20

    async def test_a_model_that_is_not_there(self, ollama_server: Any, model_at: Any) -> None:
        model = model_at(ollama_server.url, model="no-such-model")
        answer = await Answer(model).to(asking("Hello"), conn_options=APIConnectOptions(max_retry=3, timeout=20))
        assert isinstance(answer.raised, APIStatusError)
        assert answer.raised.status_code == 404
        assert "`ollama pull no-such-model`" in answer.raised.message
        assert ollama_server.url in answer.raised.message
        assert [error.recoverable for error in answer.errors] == [False]

    async def test_closing_an_answer_stops_the_generation(self, ollama_server: Any, model_at: Any) -> None:
        # A grammar that asks for 400 numbers keeps the model busy far longer than this test watches it.
        endless = {"type": "array", "items": {"type": "integer"}, "minItems": 400}
        model = model_at(ollama_server.url)
        stream = model.chat(chat_ctx=asking("Count."), conn_options=PATIENT, extra_kwargs={"format": endless})
        async with stream:
            await anext(stream)
            before = ollama_server.runner_cpu_s()
            await asyncio.sleep(2)
            busy_s = ollama_server.runner_cpu_s() - before
        await asyncio.sleep(1)
        before = ollama_server.runner_cpu_s()
        await asyncio.sleep(2)
        idle_s = ollama_server.runner_cpu_s() - before
        assert idle_s < busy_s / 4, f"{idle_s:.2f} s of work after the answer was closed, {busy_s:.2f} s before"
        after = await Answer(model_at(ollama_server.url, num_predict=4)).to(asking("Hello"), conn_options=PATIENT)
        assert after.text

    async def test_a_full_context_is_told_once(
        self, ollama_server: Any, model_at: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        model = model_at(ollama_server.url, num_ctx=256, num_predict=4)
        long = asking(*(f"On day {day} we walked to the zebra house and talked." for day in range(60)))
        with caplog.at_level(logging.WARNING, "livekit.plugins.ollama"):
            for _ in range(2):
                assert (await Answer(model).to(long, conn_options=PATIENT)).raised is None
        (record,) = caplog.records
        assert "256 tokens of context" in record.getMessage()
        assert "zebra" not in caplog.text


# Failures


async def test_nobody_listens(model_at: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    retrying = APIConnectOptions(max_retry=1, timeout=20, retry_interval=0)
    answer = await Answer(model_at(url)).to(asking("Hello"), conn_options=retrying)
    assert isinstance(answer.raised, APIConnectionError)
    assert f"Ollama at {url} is not reachable: start it with `ollama serve`" in str(answer.raised)
    assert [error.recoverable for error in answer.errors] == [True, False]
    assert not answer.metrics


async def test_prewarm_of_a_server_that_is_down_says_so(model_at: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = model_at("http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING, "livekit.plugins.ollama"):
        model.prewarm()
        await model._prewarm_task
    assert "`ollama serve`" in caplog.text


@pytest.mark.parametrize("headers_first", [False, True])
async def test_a_server_that_accepts_and_never_speaks(
    scripted_ollama: START, model_at: Any, headers_first: bool
) -> None:
    async def stall(exchange: Any) -> None:
        if headers_first:
            await exchange.head()
        await asyncio.sleep(60)

    server = await scripted_ollama(stall)
    options = APIConnectOptions(max_retry=1, timeout=0.3, retry_interval=0)
    answer = await Answer(model_at(server.url)).to(asking("Hello"), conn_options=options)
    assert isinstance(answer.errors[0].error, APITimeoutError)
    assert "had no word after 0.3 s" in str(answer.errors[0].error)
    assert [error.recoverable for error in answer.errors] == [True, False]
    assert len(server.asked) == 2
    assert not answer.metrics


async def test_the_first_token_has_a_deadline_of_its_own(scripted_ollama: START, model_at: Any) -> None:
    async def stall(exchange: Any) -> None:
        await asyncio.sleep(60)

    server = await scripted_ollama(stall)
    answer = await Answer(model_at(server.url, first_token_timeout_s=0.2)).to(asking("Hello"))
    assert isinstance(answer.raised, APITimeoutError)
    assert "had no word after 0.2 s" in str(answer.raised)


async def test_thinking_that_is_not_wanted_is_silence(scripted_ollama: START, model_at: Any) -> None:
    async def think(exchange: Any) -> None:
        for _ in range(600):
            await exchange.say("", thinking="hm ")
            await asyncio.sleep(0.1)

    server = await scripted_ollama(think)
    answer = await Answer(model_at(server.url, first_token_timeout_s=0.5)).to(asking("Hello"))
    assert isinstance(answer.raised, APITimeoutError)
    assert answer.text == ""


async def test_a_stall_in_the_middle_is_not_tried_again(scripted_ollama: START, model_at: Any) -> None:
    async def stall(exchange: Any) -> None:
        await exchange.say("Good ")
        await exchange.say("morning")
        await asyncio.sleep(60)

    server = await scripted_ollama(stall)
    answer = await Answer(model_at(server.url, stall_timeout_s=0.3)).to(
        asking("Hello"), conn_options=APIConnectOptions(max_retry=3, timeout=20)
    )
    assert isinstance(answer.raised, APITimeoutError)
    assert "stopped for 0.3 s in the middle" in str(answer.raised)
    assert answer.text == "Good morning"
    assert len(server.asked) == 1


async def test_a_slow_answer_that_keeps_coming_is_no_stall(scripted_ollama: START, model_at: Any) -> None:
    async def slow(exchange: Any) -> None:
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight"]:
            await exchange.say(word + " ")
            await asyncio.sleep(0.2)
        await exchange.done()

    server = await scripted_ollama(slow)
    model = model_at(server.url, first_token_timeout_s=1.0, stall_timeout_s=1.0)
    answer = await Answer(model).to(asking("Count"))
    assert answer.raised is None
    assert answer.text.split()[-1] == "eight"


async def test_an_error_before_the_first_word_is_tried_again(scripted_ollama: START, model_at: Any) -> None:
    async def once_broken(exchange: Any) -> None:
        if len(server.asked) == 1:
            await exchange.head(500)
            await exchange.line(error="llama runner process has terminated")
        else:
            await exchange.say("Here again.")
            await exchange.done()

    server = await scripted_ollama(once_broken)
    options = APIConnectOptions(max_retry=2, timeout=20, retry_interval=0)
    answer = await Answer(model_at(server.url)).to(asking("Hello"), conn_options=options)
    assert answer.raised is None
    assert answer.text == "Here again."
    (error,) = answer.errors
    assert isinstance(error.error, APIStatusError)
    assert "500: llama runner process has terminated" in error.error.message


async def test_an_error_in_the_middle(scripted_ollama: START, model_at: Any) -> None:
    async def break_down(exchange: Any) -> None:
        await exchange.say("Good ")
        await exchange.line(error="an error was encountered while running the model")

    server = await scripted_ollama(break_down)
    answer = await Answer(model_at(server.url)).to(
        asking("Hello"), conn_options=APIConnectOptions(max_retry=3, timeout=20)
    )
    assert isinstance(answer.raised, APIStatusError)
    assert answer.raised.status_code == 500
    assert answer.text == "Good "
    assert len(server.asked) == 1


async def test_an_answer_that_ends_halfway(scripted_ollama: START, model_at: Any) -> None:
    async def vanish(exchange: Any) -> None:
        await exchange.say("Good ")

    server = await scripted_ollama(vanish)
    answer = await Answer(model_at(server.url)).to(asking("Hello"))
    assert isinstance(answer.raised, APIConnectionError)
    assert "ended its answer halfway" in answer.raised.message


async def test_a_connection_cut_in_the_middle(scripted_ollama: START, model_at: Any) -> None:
    async def cut(exchange: Any) -> None:
        await exchange.say("Good ")
        exchange.request.transport.abort()

    server = await scripted_ollama(cut)
    answer = await Answer(model_at(server.url)).to(asking("Hello"))
    assert isinstance(answer.raised, APIConnectionError)
    assert "broke off the connection" in answer.raised.message


@pytest.mark.parametrize(
    "body", [b"<html>secret words</html>\n", b'["secret words"]\n', b'{"message": "secret words"}\n', b"\xff\xfe\n"]
)
async def test_what_is_not_ollama(scripted_ollama: START, model_at: Any, body: bytes) -> None:
    async def garbage(exchange: Any) -> None:
        await exchange.raw(body)

    server = await scripted_ollama(garbage)
    answer = await Answer(model_at(server.url)).to(asking("Hello"))
    assert isinstance(answer.raised, APIConnectionError)
    assert "does not speak Ollama's interface" in str(answer.raised)
    assert "secret" not in str(answer.raised)


async def test_a_404_that_is_not_ollamas(scripted_ollama: START, model_at: Any) -> None:
    async def unused(exchange: Any) -> None:
        raise AssertionError("not asked")

    server = await scripted_ollama(unused)
    answer = await Answer(model_at(f"{server.url}/somewhere")).to(asking("Hello"))
    assert isinstance(answer.raised, APIStatusError)
    assert "check that the address is Ollama's" in answer.raised.message


async def test_closing_an_answer_closes_the_connection(scripted_ollama: START, model_at: Any) -> None:
    gone = asyncio.Event()

    async def talk(exchange: Any) -> None:
        try:
            while True:
                await exchange.say("and ")
                await asyncio.sleep(0.05)
        finally:
            gone.set()

    server = await scripted_ollama(talk)
    answer = Answer(model_at(server.url))
    async with answer.model.chat(chat_ctx=asking("Hello"), conn_options=ONCE) as stream:
        await anext(stream)
        assert not gone.is_set()
    async with asyncio.timeout(10):
        await gone.wait()
    assert [metrics.cancelled for metrics in answer.metrics] == [True]
    assert not answer.errors


# What goes over the wire


async def test_the_request(scripted_ollama: START, model_at: Any) -> None:
    async def reply(exchange: Any) -> None:
        await exchange.say("Hi.")
        await exchange.done(prompt=20, completion=2)

    server = await scripted_ollama(reply)
    model = model_at(server.url, num_ctx=1024, keep_alive=600, temperature=0.5, stop=["\n"], options={"num_thread": 2})
    answer = await Answer(model).to(asking("Hello"), extra_kwargs={"options": {"temperature": 0.1}})
    assert server.asked == [
        {
            "model": "conformance-smollm2",
            "messages": [
                {"role": "system", "content": "You are a friendly companion. Answer in one short sentence."},
                {"role": "user", "content": "Hello"},
            ],
            "tools": [],
            "stream": True,
            "think": False,
            "options": {"temperature": 0.1, "stop": ["\n"], "num_thread": 2, "num_ctx": 1024},
            "keep_alive": 600,
        }
    ]
    (metrics,) = answer.metrics
    assert (metrics.prompt_tokens, metrics.completion_tokens, metrics.total_tokens) == (20, 2, 22)


async def test_tool_calls_and_their_results(scripted_ollama: START, model_at: Any) -> None:
    async def call(exchange: Any) -> None:
        calls = [
            {"id": "server-id", "function": {"name": "play_song", "arguments": {"title": "아리랑", "loud": True}}},
            {"function": {"index": 1, "name": "play_song", "arguments": {"title": "Moon"}}},
        ]
        await exchange.say("", tool_calls=calls)
        await exchange.done()

    server = await scripted_ollama(call)
    context = asking("Play something.")
    answer = await Answer(model_at(server.url)).to(context, tools=[play_song])
    assert server.asked[0]["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "play_song",
                "description": "Plays a song.",
                "parameters": {
                    "type": "object",
                    "required": ["title"],
                    "properties": {
                        "title": {"type": "string", "description": "the song's title"},
                        "loud": {"type": "boolean", "description": "whether to play it loud (default: false)"},
                    },
                },
            },
        }
    ]
    first, second = answer.calls
    assert (first.name, first.arguments) == ("play_song", '{"title": "아리랑", "loud": true}')
    assert first.call_id != second.call_id

    for found in (first, second):
        context.items.append(
            llm.FunctionCall(call_id=found.call_id, name=found.name, arguments=found.arguments, group_id="one answer")
        )
    for found in (first, second):
        context.items.append(
            llm.FunctionCallOutput(call_id=found.call_id, name=found.name, output="playing", is_error=False)
        )
    await Answer(answer.model).to(context, tools=[play_song])
    assert server.asked[1]["messages"][2:] == [
        {
            "role": "assistant",
            "tool_calls": [
                {"function": {"name": "play_song", "arguments": {"title": "아리랑", "loud": True}}},
                {"function": {"name": "play_song", "arguments": {"title": "Moon"}}},
            ],
        },
        {"role": "tool", "content": "playing", "tool_name": "play_song"},
        {"role": "tool", "content": "playing", "tool_name": "play_song"},
    ]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (NOT_GIVEN, ["play_song", "stop_song"]),
        ("auto", ["play_song", "stop_song"]),
        ("required", ["play_song", "stop_song"]),
        ("none", []),
        ({"type": "function", "function": {"name": "stop_song"}}, ["stop_song"]),
    ],
)
async def test_tool_choice(scripted_ollama: START, model_at: Any, choice: Any, sent: list[str]) -> None:
    @function_tool
    async def stop_song() -> None:
        """Stops the song."""

    async def reply(exchange: Any) -> None:
        await exchange.say("Hi.")
        await exchange.done()

    server = await scripted_ollama(reply)
    await Answer(model_at(server.url)).to(asking("Hello"), tools=[play_song, stop_song], tool_choice=choice)
    assert [tool["function"]["name"] for tool in server.asked[0]["tools"]] == sent


async def test_one_tool_call_at_a_time(scripted_ollama: START, model_at: Any) -> None:
    async def call(exchange: Any) -> None:
        for title in ("one", "two"):
            await exchange.say("", tool_calls=[{"function": {"name": "play_song", "arguments": {"title": title}}}])
        await exchange.done()

    server = await scripted_ollama(call)
    answer = await Answer(model_at(server.url)).to(asking("Play"), tools=[play_song], parallel_tool_calls=False)
    assert [call.arguments for call in answer.calls] == ['{"title": "one"}']


@pytest.mark.parametrize("wanted", [False, True])
async def test_thinking_is_never_spoken(scripted_ollama: START, model_at: Any, wanted: bool) -> None:
    async def think(exchange: Any) -> None:
        await exchange.say("", thinking="The user greets me.")
        await exchange.say("<thi")
        await exchange.say("nk>They said hello.</thin")
        await exchange.say("k>\n\nHello ")
        await exchange.say("there.")
        await exchange.done()

    server = await scripted_ollama(think)
    answer = await Answer(model_at(server.url, think=wanted)).to(asking("Hello"))
    assert server.asked[0]["think"] is wanted
    assert answer.text == "Hello there."


async def test_images_go_along(scripted_ollama: START, model_at: Any) -> None:
    async def reply(exchange: Any) -> None:
        await exchange.say("A dot.")
        await exchange.done()

    server = await scripted_ollama(reply)
    picture = base64.b64encode(b"\x89PNG picture").decode()
    context = llm.ChatContext.empty()
    context.add_message(
        role="user", content=["What is this?", llm.ImageContent(image=f"data:image/png;base64,{picture}")]
    )
    model = model_at(server.url)
    assert (await Answer(model).to(context)).text == "A dot."
    assert server.asked[0]["messages"] == [{"role": "user", "content": "What is this?", "images": [picture]}]

    context.add_message(role="user", content=[llm.ImageContent(image="https://example.invalid/cat.png")])
    answer = await Answer(model).to(context)
    assert answer.raised is not None
    assert not answer.raised.retryable
    assert "does not fetch images" in answer.raised.message
