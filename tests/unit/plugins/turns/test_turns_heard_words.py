"""What the history keeps of a reply that was stopped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents import llm

from livekit.plugins.turns.overlap.heard_words import HeardWords, heard_words, letters_in
from livekit.plugins.turns.overlap.playout import Playout
from livekit.plugins.turns.overlap.spoken import Spoken
from support.speaker import Speaker

RATE = 16000
REPLY = "When I was young, we lived by the river."
TEXTS = st.text(st.sampled_from("ab 네요,.-\n"), max_size=60)


@pytest.mark.parametrize(
    ("letters", "words"),
    [
        (0.0, ""),
        (1.5, ""),
        (3.0, "When"),
        (15.0, "When I was young, we"),
        (27.0, "When I was young, we lived by the"),
        (30.0, REPLY),
        (99.0, REPLY),
    ],
)
def test_words_as_far_as_the_sound(letters: float, words: str) -> None:
    assert heard_words(REPLY, letters) == words


def test_a_korean_syllable_is_a_letter() -> None:
    assert heard_words("네, 오늘은 날씨가 좋아요.", 6) == "네, 오늘은 날씨가"


@given(TEXTS, st.floats(0, 70), st.floats(0, 70))
def test_more_sound_never_has_fewer_words(text: str, one: float, other: float) -> None:
    less, more = sorted((heard_words(text, one), heard_words(text, other)), key=len)
    assert text.startswith(more)
    assert more.startswith(less)
    assert (len(heard_words(text, one)) <= len(heard_words(text, other))) or one > other


@given(TEXTS)
def test_all_of_the_sound_has_every_letter(text: str) -> None:
    assert not any(character.isalnum() for character in text[len(heard_words(text, letters_in(text))) :])


class Reply:
    """A reply of a second that half was played of when it was stopped, in a session's outputs."""

    def __init__(self) -> None:
        self.spoken, self.playout = Spoken(None), Playout(Speaker(RATE))
        self.keeping = HeardWords(self.spoken, self.playout)

    async def say_before(self, text: str, played_s: float) -> None:
        """Another one, to its end."""
        await self.spoken.capture_text(text)
        self.spoken.flush()
        self.playout.played_s = played_s
        self.keeping.correct(llm.ChatMessage(role="assistant", content=[text]))

    async def stop(self, *, flushed: bool, text_ended: bool = True, text: str = REPLY) -> str | None:
        """What becomes of LiveKit's message."""
        await self.spoken.capture_text(text)
        if text_ended:
            self.spoken.flush()
        for _ in range(10):
            samples = np.full(RATE // 10, 1000, np.int16)
            await self.playout.capture_frame(rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples)))
        if flushed:
            self.playout.flush()
        self.keeping.stop()
        self.playout.played_s = 0.5  # as the output says in the end
        message = llm.ChatMessage(role="assistant", content=["When I"], interrupted=True)
        self.keeping.correct(message)
        await self.playout.aclose()
        return message.text_content


async def test_what_was_played_is_kept() -> None:
    assert await Reply().stop(flushed=True) == "When I was young, we"


@pytest.mark.parametrize(("flushed", "text_ended"), [(False, True), (True, False)])
async def test_where_not_all_was_made_the_reply_before_tells_how_fast_it_is_said(
    flushed: bool, text_ended: bool
) -> None:
    reply = Reply()
    await reply.say_before("x" * 50, 2.5)  # 20 letters a second
    assert await reply.stop(flushed=flushed, text_ended=text_ended) == "When I was"


@pytest.mark.parametrize("before_s", [None, 1.0], ids=["nothing was said", "too short to tell"])
async def test_where_nothing_tells_livekits_word_holds(before_s: float | None) -> None:
    reply = Reply()
    if before_s:
        await reply.say_before("x" * 20, before_s)
    assert await reply.stop(flushed=False) == "When I"


async def test_a_reply_of_which_the_beginning_is_forgotten_is_left_alone() -> None:
    reply = Reply()
    await reply.say_before("x" * 50, 2.5)
    assert await reply.stop(flushed=True, text="word " * 500) == "When I"


async def test_a_reply_that_was_not_stopped_and_the_next_are_left_alone() -> None:
    reply = Reply()
    for interrupted in (False, True):
        message = llm.ChatMessage(role="assistant", content=["When I"], interrupted=interrupted)
        reply.keeping.correct(message)
        assert message.text_content == "When I"
