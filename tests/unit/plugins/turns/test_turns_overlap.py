"""What sound over the agent's speech is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns.overlap.overlap import WINDOW_S, Overlap, Saying, Verdict

LOUD_DB, FAR_DB = -20.0, -50.0
STORY = Saying("And then we went down to the river and fed the ducks.")
QUESTION = Saying("Did you sleep well?", asked=True)


class Scene:
    """Feeds an `Overlap` at the pace of sound."""

    def __init__(self, language: str = "en", *, usual_db: float | None = LOUD_DB) -> None:
        self.overlap = Overlap(language, usual_db=usual_db)
        self.now_s = 5.0

    def voice(self, seconds: float, level_db: float = LOUD_DB, *, echo: float = 0.0) -> Verdict:
        return self._windows(seconds, 0.9, level_db, echo)

    def silence(self, seconds: float) -> Verdict:
        return self._windows(seconds, 0.02, -70.0, 0.0)

    def hears(self, text: str, saying: Saying = STORY, *, confidence: float = 0.8, settled: bool = False) -> Verdict:
        return self.overlap.words(self.now_s, text, saying, confidence=confidence, settled=settled)

    def _windows(self, seconds: float, probability: float, level_db: float, echo: float) -> Verdict:
        for _ in range(round(seconds / WINDOW_S)):
            self.now_s += WINDOW_S
            self.overlap.sound(self.now_s, probability, level_db, echo=echo)
        return self.overlap.verdict


@pytest.mark.parametrize("text", ["wait", "Stop.", "no", "but"])
def test_an_order_stops_at_once(text: str) -> None:
    scene = Scene()
    scene.voice(0.13)
    assert scene.hears(text, confidence=0.35) is Verdict.STOP


def test_an_order_of_so_little_sound_that_it_is_a_guess_waits_for_more() -> None:
    scene = Scene()
    scene.voice(0.13)
    assert scene.hears("help", confidence=0.32) is Verdict.WAIT
    scene.voice(0.1)
    assert scene.hears("help", confidence=0.32) is Verdict.STOP


@pytest.mark.parametrize(
    ("text", "stops"), [("Buh-buh-buh-b", False), ("ba ba ba ba", False), ("buy bread both", True)]
)
def test_one_syllable_again_and_again_is_a_laugh(text: str, stops: bool) -> None:
    scene = Scene()
    scene.voice(0.7)
    assert (scene.hears(text, confidence=0.45) is Verdict.STOP) == stops


@pytest.mark.parametrize(("language", "text"), [("en", "Mm-hmm."), ("en", "right"), ("ko", "네"), ("ko", "아이고")])
def test_listening_does_not_stop(language: str, text: str) -> None:
    scene = Scene(language)
    assert scene.voice(0.4) is Verdict.WAIT
    assert scene.hears(text) is Verdict.WAIT
    scene.silence(0.2)
    assert scene.hears(text, settled=True) is Verdict.IGNORE
    assert scene.silence(0.5) is Verdict.IGNORE


@pytest.mark.parametrize(("language", "text", "more"), [("en", "right", "right but what"), ("ko", "네", "네 그런데")])
def test_listening_that_goes_on_stops(language: str, text: str, more: str) -> None:
    scene = Scene(language)
    scene.voice(0.3)
    scene.hears(text)
    scene.silence(0.15)
    scene.voice(0.3)
    assert scene.hears(more) is Verdict.STOP


def test_listening_that_was_settled_and_then_goes_on_stops() -> None:
    scene = Scene("ko")
    scene.voice(0.3)
    scene.silence(0.25)
    assert scene.hears("네", settled=True) is Verdict.IGNORE
    scene.voice(0.3)
    assert scene.hears("그런데") is Verdict.STOP


@pytest.mark.parametrize(("language", "text"), [("en", "yes"), ("en", "mm-hmm"), ("ko", "네"), ("ko", "응")])
def test_the_same_words_answer_a_question(language: str, text: str) -> None:
    scene = Scene(language)
    scene.voice(0.2)
    assert scene.hears(text, QUESTION) is Verdict.STOP


def test_a_cough_at_a_question_is_no_answer() -> None:
    scene = Scene()
    scene.voice(0.2)
    assert scene.hears("[coughs]", QUESTION, settled=True) is Verdict.IGNORE


def test_a_long_stretch_of_voice_is_held_and_words_make_it_a_stop() -> None:
    scene = Scene()
    assert scene.voice(2.1) is Verdict.HOLD
    assert scene.hears("somebody came", confidence=0.25) is Verdict.STOP


def test_unsure_words_of_a_long_stretch_are_held_and_the_next_ones_stop() -> None:
    scene = Scene("ko")
    scene.voice(0.5)
    assert scene.hears("참깐만", confidence=0.22) is Verdict.WAIT
    assert scene.voice(0.4) is Verdict.HOLD
    assert scene.hears("참깐만 그대 아니고", confidence=0.22) is Verdict.STOP


def test_nothing_is_held_for_what_is_over() -> None:
    scene = Scene("ko")
    scene.voice(0.9)
    scene.silence(0.4)
    assert scene.hears("참깐만", confidence=0.22) is Verdict.WAIT


def test_a_guess_in_another_writing_is_nothing() -> None:
    scene = Scene("ko")
    scene.voice(0.9)
    assert scene.hears("Good night.", confidence=0.5) is Verdict.WAIT


def test_a_text_of_a_short_sound_is_not_believed_because_the_sound_goes_on() -> None:
    scene = Scene()
    scene.voice(0.3)
    assert scene.overlap.words(scene.now_s, "ice", STORY, confidence=0.5, settled=False, voiced_s=0.15) is Verdict.WAIT
    assert scene.voice(0.2) is Verdict.WAIT


def test_a_long_stretch_that_turns_out_to_be_listening_is_let_go() -> None:
    scene = Scene("ko")
    assert scene.voice(2.1) is Verdict.HOLD
    scene.silence(0.2)
    assert scene.hears("아이고 세상에", settled=True) is Verdict.IGNORE


def test_a_long_stretch_without_a_word_is_let_go() -> None:
    scene = Scene()
    assert scene.voice(2.1) is Verdict.HOLD
    assert scene.voice(2.0) is Verdict.IGNORE


def test_a_hold_that_ends_without_a_word_is_let_go() -> None:
    scene = Scene()
    scene.voice(2.1)
    assert scene.silence(0.3) is Verdict.HOLD
    assert scene.silence(1.0) is Verdict.IGNORE


def test_words_of_another_room_do_not_stop() -> None:
    scene = Scene()
    assert scene.voice(3.0, FAR_DB) is Verdict.IGNORE
    assert scene.hears("Good evening, here is the news.", settled=True) is Verdict.IGNORE


def test_before_the_caller_was_heard_only_very_quiet_speech_is_far() -> None:
    scene = Scene(usual_db=None)
    scene.voice(0.4, -32.0)
    assert scene.hears("stop it please") is Verdict.STOP
    scene = Scene(usual_db=None)
    scene.voice(0.4, FAR_DB)
    assert scene.hears("stop it please") is Verdict.IGNORE


def test_the_agents_own_voice_does_not_stop_it_by_sound_or_by_words() -> None:
    scene = Scene()
    assert scene.voice(1.5, echo=0.95) is Verdict.IGNORE
    scene = Scene()
    scene.voice(0.5)
    assert scene.hears("went down to the river", settled=True) is Verdict.IGNORE


def test_a_guess_at_a_short_sound_does_not_stop() -> None:
    scene = Scene("ko")
    scene.voice(0.4)
    assert scene.hears("그 다음 요", confidence=0.2) is Verdict.WAIT
    scene.silence(0.2)
    assert scene.hears("그 다음 요", confidence=0.2, settled=True) is Verdict.IGNORE


def test_one_short_sure_word_that_orders_nothing_does_not_stop() -> None:
    scene = Scene()
    scene.voice(0.26)
    scene.silence(0.2)
    assert scene.hears("chair", confidence=0.7, settled=True) is Verdict.IGNORE


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("sound"), st.floats(0, 1), st.floats(-90, 0), st.floats(-1, 1)),
            st.tuples(
                st.just("words"),
                st.sampled_from(["", "네", "wait", "mm", "my son is here", "the ducks"]),
                st.floats(0, 1),
                st.booleans(),
            ),
        ),
        max_size=80,
    )
)
def test_a_stop_is_final_and_nothing_ends_in_waiting(steps: list[tuple[object, ...]]) -> None:
    scene, stopped = Scene(), False
    for kind, *values in steps:
        scene.now_s += WINDOW_S
        if kind == "sound":
            probability, level_db, echo = values
            verdict = scene.overlap.sound(scene.now_s, probability, level_db, echo=echo)  # type: ignore[arg-type]
        else:
            text, confidence, settled = values
            verdict = scene.hears(text, confidence=confidence, settled=settled)  # type: ignore[arg-type]
        assert verdict is Verdict.STOP or not stopped
        stopped = stopped or verdict is Verdict.STOP
    if scene.overlap.voiced_s:
        assert scene.silence(3.0) in (Verdict.STOP, Verdict.IGNORE)


@given(st.lists(st.floats(0, 1), max_size=60))
def test_sound_alone_never_gives_the_rest_up(probabilities: list[float]) -> None:
    scene = Scene()
    for probability in probabilities:
        scene.now_s += WINDOW_S
        assert scene.overlap.sound(scene.now_s, probability, LOUD_DB) is not Verdict.STOP
