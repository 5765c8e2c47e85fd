"""What the history keeps of a reply that was stopped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents import llm
from livekit.agents.voice import io

from livekit.plugins.turns.overlap.heard_words import HeardWords, heard_words
from livekit.plugins.turns.overlap.playout import Playout
from livekit.plugins.turns.overlap.spoken import Spoken
from support.speaker import Speaker

RATE = 16000
REPLY = "When I was young, we lived by the river."
TEXTS = st.text(st.sampled_from("ab 네요,.-\n"), max_size=60)


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (0.0, ""),
        (0.05, ""),
        (0.1, "When"),
        (0.5, "When I was young, we"),
        (0.9, "When I was young, we lived by the"),
        (1.0, REPLY),
    ],
)
def test_words_as_far_as_the_sound(heard: float, words: str) -> None:
    assert heard_words(REPLY, heard) == words


def test_a_korean_syllable_is_a_letter() -> None:
    assert heard_words("네, 오늘은 날씨가 좋아요.", 0.6) == "네, 오늘은 날씨가"


@given(TEXTS, st.floats(0, 1), st.floats(0, 1))
def test_more_sound_never_has_fewer_words(text: str, one: float, other: float) -> None:
    less, more = sorted((heard_words(text, one), heard_words(text, other)), key=len)
    assert text.startswith(more)
    assert more.startswith(less)
    assert (len(heard_words(text, one)) <= len(heard_words(text, other))) or one > other


@given(TEXTS)
def test_all_of_the_sound_has_every_letter(text: str) -> None:
    assert not any(character.isalnum() for character in text[len(heard_words(text, 1.0)) :])


async def stopped(*, flushed: bool, text_ended: bool = True) -> llm.ChatMessage:
    """What becomes of LiveKit's message where half of the reply's second was played."""
    spoken, playout = Spoken(None), Playout(Speaker(RATE))
    keeping = HeardWords(spoken, playout)
    await spoken.capture_text(REPLY)
    if text_ended:
        spoken.flush()
    ended: list[io.PlaybackFinishedEvent] = []
    playout.on("playback_finished", ended.append)
    for _ in range(10):
        samples = np.full(RATE // 10, 1000, np.int16)
        await playout.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples)))
    if flushed:
        playout.flush()
    keeping.stop()
    playout.played_s = 0.5  # as the output says in the end
    message = llm.ChatMessage(role="assistant", content=["When I"], interrupted=True)
    keeping.correct(message)
    await playout.aclose()
    return message


async def test_what_was_played_is_kept() -> None:
    assert (await stopped(flushed=True)).text_content == "When I was young, we"


@pytest.mark.parametrize(("flushed", "text_ended"), [(False, True), (True, False)])
async def test_where_not_all_was_made_livekits_word_holds(flushed: bool, text_ended: bool) -> None:
    assert (await stopped(flushed=flushed, text_ended=text_ended)).text_content == "When I"


async def test_a_reply_that_was_not_stopped_and_the_next_are_left_alone() -> None:
    spoken, playout = Spoken(None), Playout(Speaker(RATE))
    keeping = HeardWords(spoken, playout)
    for interrupted in (False, True):
        message = llm.ChatMessage(role="assistant", content=["When I"], interrupted=interrupted)
        keeping.correct(message)
        assert message.text_content == "When I"
