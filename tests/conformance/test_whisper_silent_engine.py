"""livekit.plugins.whisper beside an engine that takes connections and answers nothing: a scripted server."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, APIError, APITimeoutError, stt
from livekit.plugins import whisper

from support.listening import in_pieces, resampled, silence
from support.speech import english


@pytest.fixture
async def silent(tmp_path: Path) -> AsyncIterator[str]:
    """Its address."""
    done = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(take, tmp_path / "silent.sock")
    yield f"unix:{tmp_path}/silent.sock"
    done.set()
    server.close()
    await server.wait_closed()


def watched(ears: whisper.STT) -> tuple[list[stt.STTError], list[Any]]:
    errors: list[stt.STTError] = []
    metrics: list[Any] = []
    ears.on("error", errors.append)
    ears.on("metrics_collected", metrics.append)
    return errors, metrics


async def test_a_stream_times_out(silent: str) -> None:
    async with whisper.STT(engine=silent) as ears:
        errors, _ = watched(ears)
        stream = ears.stream(conn_options=APIConnectOptions(max_retry=0, timeout=2.5))
        began = time.monotonic()
        with pytest.raises(APITimeoutError):
            await anext(aiter(stream))
        assert 1.5 <= time.monotonic() - began <= 3.5
        await stream.aclose()
    assert [error.recoverable for error in errors] == [False]


async def test_a_stream_tries_again_three_times(silent: str) -> None:
    async with whisper.STT(engine=silent) as ears:
        errors, metrics = watched(ears)
        stream = ears.stream(conn_options=APIConnectOptions(max_retry=3, timeout=0.5, retry_interval=0.1))
        with pytest.raises(APIError):
            await anext(aiter(stream))
        await stream.aclose()
    assert len(errors) == 4
    assert not metrics


async def test_a_recording_tries_again_three_times(silent: str) -> None:
    async with whisper.STT(engine=silent) as ears:
        errors, metrics = watched(ears)
        with pytest.raises(APIError):
            await ears.recognize(
                in_pieces(resampled(english("Yes."), 16000), 16000),
                conn_options=APIConnectOptions(max_retry=3, timeout=0.5, retry_interval=0.1),
            )
    assert len(errors) == 4
    assert not metrics


async def test_another_call_hears_nothing_of_a_stream_that_failed(silent: str) -> None:
    async with whisper.STT(engine=silent) as ears:

        async def fails() -> None:
            stream = ears.stream(conn_options=APIConnectOptions(max_retry=0, timeout=0.3))
            for piece in in_pieces(resampled(english("Yes."), 16000), 16000):
                stream.push_frame(piece)
            with pytest.raises(APIError):
                async for _ in stream:
                    pass
            await stream.aclose()
            again = ears.stream()
            assert again._hearing is stream._hearing, "LiveKit opens the next stream in the same task"
            await again.aclose()

        await asyncio.create_task(fails())
        other = ears.stream()
        assert other._hearing.end == 0
        await other.aclose()


async def test_a_prompt_of_any_length_is_no_error(silent: str) -> None:
    async with whisper.STT(engine=silent, keyterms=[f"medicine {n}" for n in range(500)]) as ears:
        stream = ears.stream()
        assert len(stream.opts.prompt(answers=True)) == 2000
        assert stream.opts.prompt(answers=True).endswith("medicine 499")
        stream.push_frame(in_pieces(silence(0.1), 16000)[0])
        await stream.aclose()
