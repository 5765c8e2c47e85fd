"""livekit.plugins.ollama against a real Ollama."""

import asyncio
import logging
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, APIStatusError

from support.answered import PATIENT, Answer, asking, play_song


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
        # A grammar that asks for 8,000 numbers keeps the model busy far longer than this test watches it.
        numbers = {"type": "array", "items": {"type": "integer"}, "minItems": 20}
        endless = {"type": "array", "items": numbers, "minItems": 400}
        model = model_at(ollama_server.url)
        stream = model.chat(chat_ctx=asking("Count."), conn_options=PATIENT, extra_kwargs={"format": endless})
        async with stream:
            await anext(stream)
            before = ollama_server.runner_cpu_s()
            await asyncio.sleep(2)
            busy_s = ollama_server.runner_cpu_s() - before
        idle_s = busy_s
        for _ in range(8):  # on a busy machine it takes a while until it is noticed
            before = ollama_server.runner_cpu_s()
            await asyncio.sleep(2)
            idle_s = ollama_server.runner_cpu_s() - before
            if idle_s < busy_s / 4:
                break
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
