"""livekit.plugins.ollama and the ways in which a server fails: each is LiveKit's right error. Servers are scripted."""

import asyncio
import logging
import socket
from typing import Any

import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError

from support.answered import START, Answer, asking


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
