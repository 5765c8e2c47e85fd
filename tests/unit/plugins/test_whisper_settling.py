"""What was heard before a pause holds for good: it is not decoded again, and told once."""

from itertools import pairwise

from unit.plugins.test_whisper_hearing import FINAL, INTERIM, PREFLIGHT, START, WINDOW, Call, windows

from livekit.plugins.whisper.protocol import SAMPLE_RATE
from livekit.plugins.whisper.said import Said
from livekit.plugins.whisper.segment import LONG_S

PAUSE = 8


def spoke_on(call: Call, first_s: float = 3.0) -> int:
    """Somebody speaks, pauses and speaks on; where they paused."""
    call.speak(windows(first_s))
    paused = len(call.voiced) * WINDOW
    call.pause(PAUSE)
    call.speak(windows(1.0))
    return paused


def test_what_lies_before_a_pause_is_not_decoded_again() -> None:
    call = Call()
    paused = spoke_on(call)
    last = call.asked[-1]
    assert paused < last.begin < paused + PAUSE * WINDOW
    assert last.before == call.text(end=paused)
    call.pause(PAUSE)
    call.flush()
    assert call.texts(PREFLIGHT)[-1] == call.text()
    assert call.texts(FINAL) == [call.text()], "one final for the whole turn"
    (final,) = [said for said in call.told if said.type is FINAL]
    starts = [word.start_s for word in final.words]
    assert starts == sorted(starts)
    assert starts[0] == 5 * WINDOW / SAMPLE_RATE
    assert starts[-1] > paused / SAMPLE_RATE, "their times are those of the call"
    assert sum(said.audio_s for said in call.told) >= 4.0


def test_what_was_shown_stays_shown() -> None:
    call = Call()
    spoke_on(call)
    shown = call.texts(INTERIM, PREFLIGHT)
    assert all(later.startswith(text) for text, later in pairwise(shown))
    assert shown[-1].startswith(call.text(end=windows(3.0) * WINDOW))


def test_a_short_beginning_or_a_short_pause_is_decoded_with_the_rest() -> None:
    call = Call()
    spoke_on(call, first_s=1.0)
    assert {ask.begin for ask in call.asked} == {0}
    call = Call()
    call.speak(windows(3.0))
    call.pause(4)
    call.speak(windows(1.0))
    assert {ask.begin for ask in call.asked} == {0}


def test_an_answer_that_comes_when_they_speak_again_settles_it_too() -> None:
    call = Call(patience=lambda: PAUSE + 3)
    paused = spoke_on(call)
    call.speak(windows(1.0))
    assert any(paused < ask.begin for ask in call.asked)
    call.pause(20)
    call.flush()
    assert call.texts(FINAL) == [call.text()]


def test_a_monologue_with_pauses_becomes_final_piece_by_piece() -> None:
    call = Call()
    for _ in range(20):
        spoke_on(call)
        call.pause(PAUSE)
    call.flush()
    finals: list[Said] = [said for said in call.told if said.type is FINAL]
    assert " ".join(said.text for said in finals) == call.text()
    assert len(finals) >= 4, "nobody waits a minute"
    assert max(said.end_s - said.start_s for said in finals) <= 2 * LONG_S
    assert call.most_buffered <= 2 * LONG_S * SAMPLE_RATE
    assert [said.type for said in call.told].count(START) == 1


def test_an_engine_that_goes_away_takes_nothing_of_it_along() -> None:
    call = Call()
    paused = spoke_on(call)
    call.patience = lambda: None
    call.flush()
    for _ in range(130):
        call.pause(windows(1.0))
    assert call.text(end=paused) in call.texts(FINAL)
