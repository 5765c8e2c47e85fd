"""livekit.plugins.whisper while somebody speaks: what livekit-agents asks of a streaming STT."""

import asyncio
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pytest
from livekit.agents import ConversationItemAddedEvent, llm
from livekit.agents.metrics import STTMetrics
from livekit.agents.stt import SpeechEventType
from livekit.plugins import whisper

from support.listening import in_pieces, listening, loop_stays_free, only, resampled, silence
from support.recognise import normal, word_error_rate
from support.speech import WHISPER_MODEL, english

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("ears")]

SENTENCE = "The kitchen light is still on, and your sister will visit us on Sunday afternoon."
SECOND = "We should buy some bread and apples on the way home."
MAX_WER = 0.25
START, END = SpeechEventType.START_OF_SPEECH, SpeechEventType.END_OF_SPEECH
INTERIM, PREFLIGHT = SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT
FINAL = SpeechEventType.FINAL_TRANSCRIPT


def spoken(text: str, rate: int = 16000) -> np.ndarray[Any, Any]:
    return resampled(english(text), rate)


@pytest.fixture
async def ears_of_a_call() -> AsyncIterator[whisper.STT]:
    async with whisper.STT(model=WHISPER_MODEL, language="en") as ears:
        yield ears


async def test_in_real_time_at_24_khz(ears_of_a_call: whisper.STT) -> None:
    rate = 24000
    pause = silence(1.6, rate)
    metrics: list[STTMetrics] = []
    ears_of_a_call.on("metrics_collected", metrics.append)
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(np.concatenate([spoken(SENTENCE, rate), pause, spoken(SECOND, rate), pause]), rate=rate)

    speaking = False
    for _, event in listener.events:
        if event.type is START:
            assert not speaking
            speaking = True
        elif event.type is END:
            assert speaking
            speaking = False
    assert not speaking
    texts = listener.of(INTERIM, PREFLIGHT, FINAL)
    assert all(event.alternatives[0].language == "en" for event in texts)
    assert len(listener.of(INTERIM)) >= 4
    assert word_error_rate(f"{SENTENCE} {SECOND}", listener.text) <= MAX_WER
    first, second = [heard for heard in listener.finals if heard.text]
    assert first.end_time < second.start_time
    assert first.words is not None
    assert " ".join(first.words) == first.text
    assert len({event.request_id for event in listener.of(FINAL)}) == len(listener.of(FINAL))
    assert sum(measured.audio_duration for measured in metrics) > english(SENTENCE).duration_s


async def test_stereo_and_another_rate(ears_of_a_call: whisper.STT) -> None:
    both = np.repeat(np.concatenate([spoken(SECOND, 48000), silence(0.3, 48000)]), 2)
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(both, rate=48000, channels=2)
        listener.stream.flush()
    assert word_error_rate(SECOND, listener.text) <= MAX_WER
    assert listener.finals[0].end_time < english(SECOND).duration_s + 0.5


async def test_the_loop_stays_free_while_somebody_speaks(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(spoken(SECOND)[:8000])
        async with loop_stays_free():
            await listener.say(np.concatenate([spoken(SENTENCE), silence(0.3)]))
            listener.stream.flush()
            await listener.wait_for(FINAL)


async def test_the_words_are_there_before_the_flush(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(np.concatenate([spoken(SECOND), silence(0.8)]))
        preflight = await listener.wait_for(PREFLIGHT)
        assert not listener.of(FINAL)
        listener.stream.flush()
        await asyncio.sleep(0.05)
        (final,) = listener.finals
        assert final.text == preflight.alternatives[0].text
    kinds = [event.type for _, event in listener.events]
    assert kinds.index(START) < kinds.index(INTERIM) < kinds.index(PREFLIGHT) < kinds.index(FINAL) < kinds.index(END)


async def test_interims_grow_towards_the_final(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(spoken(SENTENCE))
        listener.stream.flush()
        await listener.wait_for(FINAL)
    words = normal(listener.text).split()
    shown = [normal(event.alternatives[0].text).split() for event in listener.of(INTERIM)]
    lengths = [len(text) for text in shown]
    # Now and then a hypothesis takes a word back; what flickers is counted below.
    assert lengths[-1] > lengths[0], shown
    assert all(len(text) < len(words) for text in shown), shown
    # A first word that one of them lacks shifts all others: what counts is that they come in the same order.
    same = sum(
        block.size
        for text in shown
        for block in SequenceMatcher(None, text, words, autojunk=False).get_matching_blocks()
    )
    assert same / sum(lengths) >= 0.85, shown


async def test_a_flush_in_the_middle_of_speech_loses_nothing(ears_of_a_call: whisper.STT) -> None:
    text = f"{SENTENCE} {SECOND}"
    said = np.concatenate([spoken(SENTENCE), spoken(SECOND)])
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(said[: len(spoken(SENTENCE))])
        listener.stream.flush()
        await listener.say(np.concatenate([said[len(spoken(SENTENCE)) :], silence(0.3)]))
        listener.stream.flush()
    assert word_error_rate(text, listener.text) <= MAX_WER


async def test_an_idle_flush_is_answered_at_once(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(silence(0.3))
        listener.stream.flush()
        await listener.wait_for(FINAL, timeout_s=1)
        assert only(listener.of(FINAL)[0]).text == ""
        assert only(listener.of(FINAL)[0]).language == "en"
        assert not listener.of(START)


async def test_empty_input_ends(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        pass
    assert listener.text == ""


async def test_noise_is_no_speech(ears_of_a_call: whisper.STT) -> None:
    noise = np.random.default_rng(1).normal(0, 500, 16000 * 4).astype(np.int16)
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(noise)
        listener.stream.flush()
    assert listener.text == ""
    assert not listener.of(INTERIM, PREFLIGHT)


@pytest.mark.parametrize("word", ["Yes.", "No."])
async def test_a_short_answer(ears_of_a_call: whisper.STT, word: str) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(np.concatenate([silence(0.5), spoken(word), silence(0.3)]))
        listener.stream.flush()
    assert word_error_rate(word, listener.text) == 0


async def test_first_words_before_the_engine_is_ready() -> None:
    # Another compute type needs an engine of its own, which takes seconds to start.
    async with whisper.STT(model=WHISPER_MODEL, language="en", compute_type="int8_float32") as ears:
        async with listening(ears.stream()) as listener:
            await listener.say(np.concatenate([spoken(SECOND), silence(0.3)]))
            listener.stream.flush()
            await listener.wait_for(FINAL)
        assert (await ears.engine_status())["compute_type"] == "int8_float32"
    assert word_error_rate(SECOND, listener.text) <= MAX_WER


async def test_a_long_monologue_becomes_final_piece_by_piece(ears_of_a_call: whisper.STT) -> None:
    said = np.concatenate([spoken(SENTENCE)[:-1600], spoken(SECOND)[:-1600]] * 3)
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(said)
        assert listener.finals, "nothing is final of the first 20 s"
        listener.stream.flush()
    assert word_error_rate(" ".join([SENTENCE, SECOND] * 3), listener.text) <= MAX_WER
    ends = [heard.end_time for heard in listener.finals if heard.text]
    assert ends == sorted(ends)
    assert len(listener.of(START)) == len(listener.of(END))


async def test_the_language_changes_in_a_live_stream(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        await listener.say(np.concatenate([spoken("Yes, of course."), silence(0.3)]))
        listener.stream.flush()
        await listener.wait_for(FINAL)
        ears_of_a_call.update_options(language="ko")
        await listener.say(np.concatenate([spoken("Yes, of course."), silence(0.3)]))
        listener.stream.flush()
        await listener.wait_for(FINAL, count=2)
    assert [str(heard.language) for heard in listener.finals[:2]] == ["en", "ko"]


async def test_the_language_is_detected() -> None:
    async with whisper.STT(model=WHISPER_MODEL, language=None) as ears, listening(ears.stream()) as listener:
        await listener.say(np.concatenate([spoken(SECOND), silence(0.3)]))
        listener.stream.flush()
    assert {str(heard.language) for heard in listener.finals if heard.text} == {"en"}
    assert word_error_rate(SECOND, listener.text) <= MAX_WER


async def test_key_terms_and_context_reach_a_live_stream(ears_of_a_call: whisper.STT) -> None:
    async with listening(ears_of_a_call.stream()) as listener:
        ears_of_a_call._update_session_keyterms(["Siobhan"])
        ears_of_a_call.update_options(keyterms=["Niamh"])
        question = llm.ChatMessage(role="assistant", content=["Who is coming on Sunday?"])
        ears_of_a_call._push_conversation_item(ConversationItemAddedEvent(item=question))
        assert listener.stream.opts.prompt(answers=True) == "Who is coming on Sunday? Niamh, Siobhan"
        await listener.say(np.concatenate([spoken("My sister Siobhan is coming."), silence(0.3)]))
        listener.stream.flush()
    assert "Siobhan" in listener.text


async def test_aclose_in_the_middle_ends_everything(ears_of_a_call: whisper.STT) -> None:
    stream = ears_of_a_call.stream()
    for piece in in_pieces(spoken(SENTENCE), 16000):
        stream.push_frame(piece)
    await asyncio.sleep(0.1)
    await ears_of_a_call.aclose()
    with pytest.raises(RuntimeError, match="ended"):
        stream.push_frame(in_pieces(silence(0.1), 16000)[0])
