"""What livekit.plugins.ollama sends, and what it makes of good answers, against scripted servers."""

import asyncio
import base64
from typing import Any

import pytest
from livekit.agents import NOT_GIVEN, function_tool, llm

from support.answered import ONCE, START, Answer, asking, play_song


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
