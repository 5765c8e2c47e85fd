"""livekit.plugins.whisper on whole recordings: what livekit-agents asks of every STT, with real model and speech."""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, stt
from livekit.agents.metrics import STTMetrics
from livekit.plugins import whisper

from support.listening import frame, in_pieces, loop_stays_free, only, resampled, silence
from support.recognise import word_error_rate
from support.speech import WHISPER_MODEL, Speech, english

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("ears")]

SENTENCE = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
SECOND = "We should buy some bread and apples on the way home."
RECORDINGS = Path(__file__).parents[3] / "shared" / "audio"
JFK = "And so, my fellow Americans, ask not what your country can do for you; ask what you can do for your country."
KOREAN = "조금만 생각을 하면서 살면 훨씬 편할 거야."
MAX_WER = 0.25


def recogniser(**options: Any) -> whisper.STT:
    return whisper.STT(model=WHISPER_MODEL, **options)


def stereo(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The speech on the left, a little of it on the right, interleaved."""
    return np.stack([samples, samples // 4], axis=1).reshape(-1)


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (24000, 1), (48000, 2)])
async def test_recognises_speech(rate: int, channels: int) -> None:
    ears = recogniser(language="en")
    metrics: list[STTMetrics] = []
    ears.on("metrics_collected", metrics.append)
    speech = english(SENTENCE)
    samples = resampled(speech, rate)
    event = await ears.recognize(in_pieces(stereo(samples) if channels == 2 else samples, rate, channels))
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
    assert (measured.metadata.model_name, measured.metadata.model_provider) == ("whisper-base", "whisper")


async def test_words_have_times() -> None:
    speech = english(SENTENCE)
    heard = only(await recogniser().recognize(frame(speech.samples, speech.rate)))
    assert heard.words is not None
    assert " ".join(heard.words) == heard.text
    times = [time for word in heard.words for time in (word.start_time, word.end_time)]
    assert times == sorted(times)
    assert all(word.end_time <= speech.duration_s + 0.05 for word in heard.words)
    # "light" is the third of fifteen words; "afternoon" the last.
    assert 0.2 < heard.words[2].start_time < 1.2
    assert heard.words[-1].start_time > speech.duration_s - 1.2


@pytest.mark.parametrize("word", ["Yes.", "No.", "Okay."])
async def test_a_short_answer_is_heard(word: str) -> None:
    speech = english(word)
    heard = only(await recogniser().recognize(frame(speech.samples, speech.rate)))
    assert word_error_rate(word, heard.text) == 0


@pytest.mark.parametrize("noise", [0.0, 3.0, 300.0])
@pytest.mark.parametrize("duration_s", [0.0, 0.3, 4.0])
async def test_without_speech_the_text_is_empty(noise: float, duration_s: float) -> None:
    samples = np.random.default_rng(1).normal(0, noise, int(16000 * duration_s))
    heard = only(await recogniser(language="en").recognize(frame(samples, 16000)))
    assert heard.text == ""
    assert heard.language == "en"


async def test_no_frames_at_all() -> None:
    assert only(await recogniser().recognize([])).text == ""


async def test_a_long_recording_is_heard_to_its_end() -> None:
    parts = [resampled(english(text), 16000) for text in (SENTENCE, SECOND)]
    said = np.concatenate([*parts, silence(0.4)] * 5)
    assert len(said) > 40 * 16000 * 0.8
    heard = only(await recogniser().recognize(frame(said, 16000)))
    assert word_error_rate(" ".join([SENTENCE, SECOND] * 5), heard.text) <= MAX_WER
    assert heard.end_time > len(said) / 16000 - 1.5


async def test_the_language_can_be_detected_and_changed() -> None:
    speech = english(SENTENCE)
    ears = recogniser(language=None)
    heard = only(await ears.recognize(frame(speech.samples, speech.rate)))
    assert heard.language == "en"
    assert word_error_rate(SENTENCE, heard.text) <= MAX_WER

    ears.update_options(language="ko-KR")
    assert only(await ears.recognize(frame(speech.samples, speech.rate))).language == "ko"
    assert only(await ears.recognize(frame(speech.samples, speech.rate), language="English")).language == "en"


async def test_key_terms_help_with_a_name() -> None:
    speech = english("Please tell Siobhan and Niamh that Caoimhe is here.")
    plain = only(await recogniser().recognize(frame(speech.samples, speech.rate))).text
    helped = only(
        await recogniser(keyterms=["Siobhan", "Niamh", "Caoimhe"]).recognize(frame(speech.samples, speech.rate))
    ).text
    assert "Siobhan" in helped
    assert helped != plain


@pytest.mark.parametrize(
    ("file", "language", "words", "by_character"),
    [("en_jfk.wav", "en", JFK, False), ("ko_read.wav", "ko", KOREAN, True)],
)
@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not part of the repository")
async def test_recorded_people(file: str, language: str, words: str, by_character: bool) -> None:
    speech = Speech.from_wav(RECORDINGS / file)
    heard = only(await recogniser(language=language).recognize(frame(speech.samples, speech.rate)))
    assert heard.language == language
    # Korean spacing is a matter of style: its errors are counted in characters.
    pair = [" ".join(text.replace(" ", "")) if by_character else text for text in (words, heard.text)]
    assert word_error_rate(*pair) <= MAX_WER


async def test_two_at_once_and_the_loop_stays_free() -> None:
    first, second = english(SENTENCE), english(SECOND)
    async with loop_stays_free():
        events = await asyncio.gather(
            recogniser().recognize(in_pieces(first.samples, first.rate)),
            recogniser().recognize(in_pieces(second.samples, second.rate)),
        )
    assert word_error_rate(SENTENCE, only(events[0]).text) <= MAX_WER
    assert word_error_rate(SECOND, only(events[1]).text) <= MAX_WER


async def test_what_is_cancelled_does_not_hold_up_the_next() -> None:
    speech = english(SENTENCE)
    ears = recogniser()
    waiting = [asyncio.create_task(ears.recognize(frame(speech.samples, speech.rate))) for _ in range(6)]
    await asyncio.sleep(0.05)
    for task in waiting:
        task.cancel()
    assert all(
        isinstance(got, asyncio.CancelledError) for got in await asyncio.gather(*waiting, return_exceptions=True)
    )
    heard = only(await ears.recognize(frame(speech.samples, speech.rate)))
    assert word_error_rate(SENTENCE, heard.text) <= MAX_WER


# What can be wrong with a model


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
        whisper.prewarm(broken)
    line = str(caught.value)
    assert str(broken) in line
    assert "cannot be loaded on cpu as int8 (" in line
    assert f"`{sys.executable} -m livekit.plugins.whisper download base`" in line
    assert "\n" not in line


async def test_a_missing_model_in_a_call(tmp_path: Path) -> None:
    ears = whisper.STT(model=tmp_path / "nowhere")
    errors: list[stt.STTError] = []
    ears.on("error", errors.append)
    speech = english("Yes.")
    with pytest.raises(APIConnectionError, match="nowhere is not there") as caught:
        await ears.recognize(frame(speech.samples, speech.rate), conn_options=APIConnectOptions(max_retry=3))
    assert not caught.value.retryable
    assert [error.recoverable for error in errors] == [False]


async def test_a_language_the_model_does_not_know() -> None:
    speech = english("Yes.")
    with pytest.raises(APIConnectionError, match="does not know 'tlh'"):
        await recogniser(language="tlh").recognize(frame(speech.samples, speech.rate))
