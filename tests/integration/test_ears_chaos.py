"""What befalls the recognition engine while somebody speaks: no word is lost. Real engine, real speech."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins import whisper

from support.ears import engines, engines_of_our_own, kill, the_engine
from support.listening import Listener, listening, resampled, silence
from support.recognise import word_error_rate
from support.speech import WHISPER_MODEL, english

pytestmark = pytest.mark.models

FINAL = SpeechEventType.FINAL_TRANSCRIPT
FIRST = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
SECOND = "We should buy some bread and apples on the way home."
MAX_WER = 0.15


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with engines_of_our_own() as folder:
        whisper.prewarm(WHISPER_MODEL)
        yield folder


def recogniser() -> whisper.STT:
    return whisper.STT(model=WHISPER_MODEL, language="en")


def spoken(text: str) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return resampled(english(text), 16000)


async def say(listener: Listener, text: str, *, count: int) -> None:
    """One turn: speech, a short pause, the flush, its final."""
    await listener.say(np.concatenate([spoken(text), silence(0.2)]))
    listener.stream.flush()
    await listener.wait_for(FINAL, count=count, timeout_s=40)


async def speak_until_it_is_closed(stream: stt.RecognizeStream) -> None:
    async with listening(stream) as listener:
        with pytest.raises(RuntimeError, match="closed"):
            await listener.say(spoken(FIRST))


async def test_killed_in_the_middle_of_a_sentence(folder: Path) -> None:
    async with recogniser() as ears:
        errors: list[stt.STTError] = []
        ears.on("error", errors.append)
        async with listening(ears.stream()) as listener:
            before = the_engine(folder)
            said = spoken(FIRST)
            await listener.say(said[:24000])
            kill(before)
            await listener.say(np.concatenate([said[24000:], silence(0.2)]))
            listener.stream.flush()
            await listener.wait_for(FINAL, timeout_s=40)
            assert word_error_rate(FIRST, listener.text) <= MAX_WER
            assert the_engine(folder).pid != before.pid
            assert listener.finals[0].end_time == pytest.approx(len(said) / 16000, abs=0.6), "times stay true"
            await say(listener, SECOND, count=2)
    assert word_error_rate(f"{FIRST} {SECOND}", listener.text) <= MAX_WER
    assert errors
    assert all(error.recoverable for error in errors)
    assert len(listener.of(SpeechEventType.START_OF_SPEECH)) == len(listener.of(SpeechEventType.END_OF_SPEECH))


async def test_killed_while_the_final_is_awaited(folder: Path) -> None:
    async with recogniser() as ears, listening(ears.stream()) as listener:
        await listener.say(spoken(FIRST))
        listener.stream.flush()
        await asyncio.sleep(0.02)
        kill(the_engine(folder))
        await listener.wait_for(FINAL, timeout_s=40)
    assert word_error_rate(FIRST, listener.text) <= MAX_WER


async def test_killed_again_while_it_starts(folder: Path) -> None:
    async with recogniser() as ears, listening(ears.stream()) as listener:
        said = np.concatenate([spoken(FIRST), silence(0.4), spoken(SECOND), silence(0.2)])
        for part in np.array_split(said, 3):
            await listener.say(part)
            for engine in engines(folder):
                kill(engine)
        listener.stream.flush()
        await listener.wait_for(FINAL, timeout_s=40)
    assert word_error_rate(f"{FIRST} {SECOND}", listener.text) <= MAX_WER


async def test_stopped_it_is_replaced(folder: Path) -> None:
    async with recogniser() as ears, listening(ears.stream()) as listener:
        before = the_engine(folder)
        said = spoken(FIRST)
        await listener.say(said[:24000])
        before.send_signal(signal.SIGSTOP)
        await listener.say(np.concatenate([said[24000:], silence(0.2)]))
        listener.stream.flush()
        await listener.wait_for(FINAL, timeout_s=40)
        assert word_error_rate(FIRST, listener.text) <= MAX_WER
        assert not before.is_running()
        await say(listener, SECOND, count=2)
    assert word_error_rate(f"{FIRST} {SECOND}", listener.text) <= MAX_WER


async def test_stopped_for_a_moment_it_is_waited_for(folder: Path) -> None:
    async with recogniser() as ears, listening(ears.stream()) as listener:
        before = the_engine(folder)
        said = spoken(FIRST)
        await listener.say(said[:24000])
        before.send_signal(signal.SIGSTOP)
        await listener.say(said[24000:40000])
        before.send_signal(signal.SIGCONT)
        await listener.say(np.concatenate([said[40000:], silence(0.2)]))
        listener.stream.flush()
        await listener.wait_for(FINAL, timeout_s=20)
        assert the_engine(folder) == before
    assert word_error_rate(FIRST, listener.text) <= MAX_WER


async def test_a_stream_that_failed_for_good_leaves_its_audio_to_the_next(folder: Path, tmp_path: Path) -> None:
    """The engine is somebody else's and comes back only when the first stream has given up."""
    where = f"unix:{tmp_path}/engine.sock"
    impatient = APIConnectOptions(max_retry=0, timeout=0.5)
    async with whisper.STT(model=WHISPER_MODEL, language="en", engine=where) as ears:
        first = ears.stream(conn_options=impatient)
        with pytest.raises(APIConnectionError, match="no Whisper engine answers"):
            await speak_until_it_is_closed(first)
        heard_until = first._hearing.end
        assert heard_until > 0
        command = [sys.executable, "-m", "livekit.plugins.whisper", "serve", str(WHISPER_MODEL), "--address", where]
        engine = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        try:
            async with listening(ears.stream(conn_options=APIConnectOptions(timeout=30))) as listener:
                await listener.say(np.concatenate([spoken(FIRST)[heard_until:], silence(0.2)]))
                listener.stream.flush()
                await listener.wait_for(FINAL, timeout_s=40)
            assert word_error_rate(FIRST, listener.text) <= MAX_WER
            assert all(heard.start_time >= 0 for heard in listener.finals)
        finally:
            engine.terminate()
            await asyncio.wait_for(engine.wait(), 10)
