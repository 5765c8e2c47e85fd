"""How a voice fades, and what is shown of one that may be none."""

import pytest
from unit.plugins.test_whisper_hearing import FINAL, INTERIM, PREFLIGHT, WINDOW, Call, windows

from livekit.plugins.whisper.protocol import Kind


def speak(call: Call, *probabilities: float) -> None:
    """A window for each of the voice activity model's probabilities."""
    for call.voice in probabilities:
        call.speak(1)
    call.voice = 0.98


def test_a_voice_that_begins_to_fade_is_asked_about_at_once_and_only_then() -> None:
    call = Call()
    call.speak(windows(1.0))
    before, end = len(call.asked), len(call.voiced) * WINDOW
    speak(call, 0.9)
    (preflight,) = call.asked[before:]
    assert (preflight.kind, preflight.speech_end) == (Kind.PREFLIGHT, end)
    speak(call, 0.7, 0.5)
    assert call.texts(PREFLIGHT) == [], "the voice is still there"
    call.pause(3)
    assert call.asked[before:] == [preflight], "what fades adds nothing to it"
    assert call.texts(PREFLIGHT) == [call.text(end=end)]
    call.flush()
    assert call.texts(FINAL) == [call.text(end=end)]


def test_a_voice_that_stays_soft_belongs_to_what_is_said() -> None:
    call = Call()
    call.speak(windows(1.0))
    speak(call, *[0.8] * 10)
    call.pause(windows(0.3))
    assert call.texts(PREFLIGHT) == [call.text()]
    assert call.asked[-1].speech_end == (windows(1.0) + 10) * WINDOW


def test_a_voice_that_comes_back_after_a_dip_is_heard_to_its_end() -> None:
    call = Call()
    call.speak(windows(1.0))
    speak(call, 0.9, 0.4)
    call.speak(windows(0.5))
    call.pause(windows(0.3))
    assert call.texts(PREFLIGHT) == [call.text()]


@pytest.mark.parametrize(("voice", "shown"), [(0.98, 1), (0.9, 2)])
def test_of_a_doubtful_voice_nothing_is_shown_before_it_is_heard_twice(voice: float, shown: int) -> None:
    call = Call(patience=lambda: None)
    call.voice = voice
    answered = 0
    while not call.texts(INTERIM):
        call.speak(1)
        if call.waiting:
            answered += len(call.said(0, call.waiting[0][1].end)) > 1
            call.answer(call.waiting[0][1])
    assert answered == shown
