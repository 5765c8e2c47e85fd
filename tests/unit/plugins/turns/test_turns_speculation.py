import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.turns import Limits, Speculation


def test_an_interim_is_begun_on_when_it_comes_twice_and_is_whole() -> None:
    speculation = Speculation()
    assert not speculation.interim("how are you", 0.85)
    assert speculation.interim("how are you", 0.85)


def test_an_interim_that_is_plainly_whole_is_begun_on_at_once() -> None:
    assert Speculation().interim("how are you", 0.95)


def test_the_last_tries_are_kept_for_pauses() -> None:
    speculation = Speculation(Limits(tries=3))
    assert speculation.interim("how are you", 0.95)
    speculation.begin("how are you")
    assert not speculation.interim("how are you now", 0.95)
    assert speculation.allowed


def test_an_interim_in_the_middle_of_a_sentence_is_not_begun_on() -> None:
    speculation = Speculation()
    assert not any(speculation.interim("how are you and the", 0.2) for _ in range(5))


def test_the_same_words_are_begun_on_once() -> None:
    speculation = Speculation()
    speculation.interim("how are you", 0.95)
    speculation.begin("how are you")
    assert not speculation.interim("how are you", 0.95)


def test_tries_are_counted_by_turn() -> None:
    speculation = Speculation(Limits(tries=2))
    for text in ("one", "two"):
        assert speculation.allowed
        speculation.begin(text)
    assert not speculation.allowed
    speculation.turn_over()
    assert speculation.allowed
    assert speculation.begun == 2


def test_no_tries_begin_nothing() -> None:
    speculation = Speculation(Limits(tries=0))
    assert not speculation.allowed


def test_what_was_thrown_away_forbids_more_until_enough_was_of_use() -> None:
    speculation = Speculation(Limits(wasted=0.5))
    speculation.worked(model_s=1.5, used=False)
    assert not speculation.allowed
    speculation.worked(model_s=2.0, used=True)
    assert speculation.allowed
    assert (speculation.model.used_s, speculation.model.wasted_s) == (2.0, 1.5)


def test_much_speech_that_was_heard_does_not_pay_for_what_the_language_model_wrote_in_vain() -> None:
    speculation = Speculation(Limits(wasted=0.5))
    speculation.worked(model_s=1.0, voice_s=20.0, used=True)
    speculation.worked(model_s=2.0, used=False)
    assert not speculation.allowed
    speculation.worked(model_s=1.0, used=True)
    assert speculation.allowed
    speculation.worked(voice_s=12.0, used=False)
    assert not speculation.allowed


def test_what_was_of_use_long_ago_does_not_pay_for_waste_without_end() -> None:
    speculation = Speculation(Limits(wasted=0.5))
    speculation.worked(model_s=10_000.0, used=True)
    in_vain_s = 0.0
    while speculation.allowed:
        speculation.worked(model_s=10.0, used=False)
        in_vain_s += 10.0
        assert in_vain_s < 10_000.0


def test_what_is_read_ahead_counts_against_the_limit_and_is_told_apart() -> None:
    speculation = Speculation(Limits(wasted=0.5))
    speculation.read(1.5)
    assert not speculation.affordable
    speculation.worked(model_s=1.0, used=True)
    assert speculation.allowed
    assert (speculation.model.wasted_s, speculation.read_s) == (0.0, 1.5)


@given(
    st.lists(st.tuples(st.floats(0.01, 5.0), st.sampled_from(["used", "wasted", "read"])), max_size=200),
    st.floats(0.0, 2.0),
)
def test_waste_stays_near_its_share_when_nothing_is_begun_that_is_not_allowed(
    work: list[tuple[float, str]], share: float
) -> None:
    speculation = Speculation(Limits(tries=10**6, wasted=share))
    for seconds, kind in work:
        if kind == "read":
            if speculation.affordable:
                speculation.read(seconds)
        elif kind == "used" or speculation.allowed:
            speculation.worked(model_s=seconds, used=kind == "used")
    used_s, in_vain_s = speculation.model.used_s, speculation.model.wasted_s + speculation.read_s
    # The credit may come anew each time that what is remembered is halved.
    forgotten = 1 + (used_s + in_vain_s) / 30
    assert in_vain_s <= share * used_s + (1.0 + 5.0) * forgotten


@pytest.mark.parametrize("limits", [{"tries": -1}, {"wasted": -0.1}])
def test_limits_below_zero_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must not be below 0"):
        Limits(**limits)  # type: ignore[arg-type]
