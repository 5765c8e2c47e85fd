"""livekit.plugins.whisper against what livekit-agents asks of every STT plugin, with a real model and real speech."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, stt
from livekit.agents.metrics import STTMetrics
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.plugins import silero, whisper

from support.recognise import word_error_rate
from support.speech import WHISPER_MODEL, Speech, english

pytestmark = pytest.mark.models

SENTENCE = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
SECOND = "We should buy some bread and apples on the way home."
RECORDINGS = Path(__file__).parents[3] / "shared" / "audio"
JFK = "And so, my fellow Americans, ask not what your country can do for you; ask what you can do for your country."
KOREAN = "조금만 생각을 하면서 살면 훨씬 편할 거야."
MAX_WER = 0.25


def frame(samples: np.ndarray[Any, Any], rate: int, channels: int = 1) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.astype(np.int16).tobytes(), rate, channels, len(samples) // channels)


def resampled(speech: Speech, rate: int) -> np.ndarray[Any, Any]:
    resampler = rtc.AudioResampler(speech.rate, rate, quality=rtc.AudioResamplerQuality.HIGH)
    frames = [*resampler.push(frame(speech.samples, speech.rate)), *resampler.flush()]
    return np.concatenate([np.frombuffer(piece.data, np.int16) for piece in frames])


def stereo(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The speech on the left, a little of it on the right, interleaved."""
    return np.stack([samples, samples // 4], axis=1).reshape(-1)


def in_pieces(samples: np.ndarray[Any, Any], rate: int, channels: int = 1) -> list[rtc.AudioFrame]:
    """Frames of 10 ms."""
    step = rate // 100 * channels
    return [frame(samples[at : at + step], rate, channels) for at in range(0, len(samples) - step + 1, step)]


def only(event: SpeechEvent) -> stt.SpeechData:
    assert event.type is SpeechEventType.FINAL_TRANSCRIPT
    (found,) = event.alternatives
    return found


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (24000, 1), (48000, 2)])
async def test_recognises_speech(ears: whisper.Model, rate: int, channels: int) -> None:
    recogniser = whisper.STT(model=ears, language="en")
    metrics: list[STTMetrics] = []
    recogniser.on("metrics_collected", metrics.append)
    speech = english(SENTENCE)
    samples = resampled(speech, rate)
    event = await recogniser.recognize(in_pieces(stereo(samples) if channels == 2 else samples, rate, channels))
    heard = only(event)
    assert word_error_rate(SENTENCE, heard.text) <= MAX_WER
    assert heard.language == "en"
    assert 0 <= heard.start_time < 0.5
    assert speech.duration_s - 1.0 < heard.end_time <= speech.duration_s + 0.05
    assert 0.3 < heard.confidence <= 1
    (measured,) = metrics
    assert measured.request_id == event.request_id != ""
    assert measured.audio_duration == pytest.approx(speech.duration_s, abs=0.05)
    assert measured.metadata is not None
    assert (measured.metadata.model_name, measured.metadata.model_provider) == ("whisper-base", "faster-whisper")


@pytest.mark.parametrize("word", ["Yes.", "No."])
async def test_a_short_answer_is_heard(ears: whisper.Model, word: str) -> None:
    speech = english(word)
    heard = only(await whisper.STT(model=ears).recognize(frame(speech.samples, speech.rate)))
    assert word_error_rate(word, heard.text) == 0


@pytest.mark.parametrize("noise", [0.0, 3.0, 300.0])
@pytest.mark.parametrize("duration_s", [0.0, 0.3, 4.0])
async def test_without_speech_the_text_is_empty(ears: whisper.Model, noise: float, duration_s: float) -> None:
    samples = np.random.default_rng(1).normal(0, noise, int(16000 * duration_s))
    heard = only(await whisper.STT(model=ears, language="en").recognize(frame(samples, 16000)))
    assert heard.text == ""
    assert heard.language == "en"


async def test_no_frames_at_all(ears: whisper.Model) -> None:
    assert only(await whisper.STT(model=ears).recognize([])).text == ""


async def test_the_language_can_be_detected_and_changed(ears: whisper.Model) -> None:
    speech = english(SENTENCE)
    recogniser = whisper.STT(model=ears, language=None)
    heard = only(await recogniser.recognize(frame(speech.samples, speech.rate)))
    assert heard.language == "en"
    assert word_error_rate(SENTENCE, heard.text) <= MAX_WER

    recogniser.update_options(language="ko-KR")
    assert only(await recogniser.recognize(frame(speech.samples, speech.rate))).language == "ko"
    assert only(await recogniser.recognize(frame(speech.samples, speech.rate), language="English")).language == "en"


@pytest.mark.parametrize(
    ("file", "language", "words", "by_character"),
    [("en_jfk.wav", "en", JFK, False), ("ko_read.wav", "ko", KOREAN, True)],
)
@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not part of the repository")
async def test_recorded_people(ears: whisper.Model, file: str, language: str, words: str, by_character: bool) -> None:
    speech = Speech.from_wav(RECORDINGS / file)
    heard = only(await whisper.STT(model=ears, language=language).recognize(frame(speech.samples, speech.rate)))
    assert heard.language == language
    # Korean spacing is a matter of style: its errors are counted in characters.
    pair = [" ".join(text.replace(" ", "")) if by_character else text for text in (words, heard.text)]
    assert word_error_rate(*pair) <= MAX_WER


async def test_two_at_once_share_the_model_and_the_loop_stays_free(ears: whisper.Model) -> None:
    first, second = english(SENTENCE), english(SECOND)
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            longest_s = max(longest_s, time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        events = await asyncio.gather(
            whisper.STT(model=ears).recognize(in_pieces(first.samples, first.rate)),
            whisper.STT(model=ears).recognize(in_pieces(second.samples, second.rate)),
        )
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert word_error_rate(SENTENCE, only(events[0]).text) <= MAX_WER
    assert word_error_rate(SECOND, only(events[1]).text) <= MAX_WER
    # CPU time of the loop's own thread between two turns: what it worked, whatever else the machine does.
    assert longest_s < 0.02


async def test_what_is_cancelled_does_not_hold_up_the_next(ears: whisper.Model) -> None:
    speech = english(SENTENCE)
    recogniser = whisper.STT(model=ears)
    waiting = [asyncio.create_task(recogniser.recognize(frame(speech.samples, speech.rate))) for _ in range(6)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(got, asyncio.CancelledError) for got in await asyncio.gather(*waiting, return_exceptions=True)
    )
    heard = only(await recogniser.recognize(frame(speech.samples, speech.rate)))
    assert word_error_rate(SENTENCE, heard.text) <= MAX_WER


async def test_streamed_through_the_adapter_in_real_time(ears: whisper.Model) -> None:
    rate = 24000
    pause = np.zeros(int(rate * 1.2), np.int16)
    spoken = np.concatenate([resampled(english(SENTENCE), rate), pause, resampled(english(SECOND), rate), pause])
    adapter = stt.StreamAdapter(stt=whisper.STT(model=ears, language="en"), vad=silero.VAD.load())
    events: list[SpeechEvent] = []

    async def listen(stream: stt.RecognizeStream) -> None:
        async for event in stream:
            events.append(event)

    async with adapter, adapter.stream() as stream:
        listening = asyncio.create_task(listen(stream))
        began = time.monotonic()
        for at, piece in enumerate(in_pieces(spoken, rate)):
            await asyncio.sleep(max(0.0, began + at / 100 - time.monotonic()))
            stream.push_frame(piece)
        stream.end_input()
        await listening

    speaking = False
    for event in events:
        if event.type is SpeechEventType.START_OF_SPEECH:
            assert not speaking
            speaking = True
        elif event.type is SpeechEventType.END_OF_SPEECH:
            assert speaking
            speaking = False
    assert not speaking
    finals = [only(event) for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert len(finals) >= 2
    assert {heard.language for heard in finals} == {"en"}
    assert word_error_rate(f"{SENTENCE} {SECOND}", " ".join(heard.text for heard in finals)) <= MAX_WER


# A model by name or directory, and what can be wrong with it


async def test_a_model_is_loaded_once_a_process(ears: whisper.Model) -> None:
    assert whisper.load(WHISPER_MODEL) is ears
    by_path = whisper.STT(model=WHISPER_MODEL)
    by_path.prewarm()
    speech = english("Yes.")
    assert only(await by_path.recognize(frame(speech.samples, speech.rate))).text
    assert by_path._loaded is ears


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A model directory of links, to replace one by one."""
    for file in WHISPER_MODEL.iterdir():
        (tmp_path / file.name).symlink_to(file)
    return tmp_path


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_a_corrupt_model(broken: Path, damage: str) -> None:
    (broken / "model.bin").unlink()
    if damage == "cut":
        shutil.copy(WHISPER_MODEL / "model.bin", broken / "model.bin")
        with (broken / "model.bin").open("r+b") as file:
            file.truncate(100_000_000)
    else:
        (broken / "model.bin").write_bytes(b"<html>Not found</html>" * 100 if damage == "garbage" else b"")
    with pytest.raises(whisper.ModelError) as caught:
        whisper.load(broken)
    line = str(caught.value)
    assert str(broken) in line
    assert "cannot be loaded on cpu as int8 (" in line
    assert "`python -m livekit.plugins.whisper download base`" in line
    assert "\n" not in line


async def test_a_missing_model_in_a_call(tmp_path: Path) -> None:
    recogniser = whisper.STT(model=tmp_path / "nowhere")
    errors: list[stt.STTError] = []
    recogniser.on("error", errors.append)
    speech = english("Yes.")
    with pytest.raises(APIConnectionError, match="nowhere is not there") as caught:
        await recogniser.recognize(frame(speech.samples, speech.rate), conn_options=APIConnectOptions(max_retry=3))
    assert not caught.value.retryable
    assert [error.recoverable for error in errors] == [False]


async def test_a_language_the_model_does_not_know(ears: whisper.Model) -> None:
    speech = english("Yes.")
    with pytest.raises(APIConnectionError, match="does not know 'tlh'"):
        await whisper.STT(model=ears, language="tlh").recognize(frame(speech.samples, speech.rate))
