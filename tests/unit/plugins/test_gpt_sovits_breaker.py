"""When a replica is left alone, and what its record says."""

import string
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S, LONGEST_PAUSE_S, Breaker, State
from livekit.plugins.gpt_sovits.lease import Lease, Record, is_leased, look, private

times_s = st.floats(1e9, 4e9)
breakers = st.builds(Breaker, failures=st.integers(0, 500), failed_at_s=times_s, open_until_s=times_s)
PLAIN = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en")
OWN = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en", gpt_weights="a.ckpt", sovits_weights="a.pth")


@given(now_s=times_s)
def test_it_opens_at_the_last_of_so_many_failures_in_a_row(now_s: float) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.state(now_s) is State.CLOSED
        breaker = breaker.failed(now_s)
    assert breaker.state(now_s) is State.OPEN
    assert breaker.succeeded().state(now_s) is State.CLOSED


@given(before=breakers, now_s=times_s)
def test_no_pause_is_longer_than_the_longest_and_each_ends_half_open(before: Breaker, now_s: float) -> None:
    after = before.failed(now_s)
    assert after.failures == before.failures + 1
    assert 0 <= after.open_until_s - now_s <= LONGEST_PAUSE_S + 1e-3
    assert after.state(now_s + LONGEST_PAUSE_S + 1) is not State.OPEN


@given(breaker=breakers, now_s=times_s)
def test_a_clock_that_was_set_back_does_not_hold_it_open(breaker: Breaker, now_s: float) -> None:
    if breaker.state(now_s) is State.OPEN:
        assert breaker.open_until_s - now_s <= LONGEST_PAUSE_S


def test_pauses_grow() -> None:
    breaker, now_s, pauses_s = Breaker(), 1e9, []
    for _ in range(FAILURES_TO_OPEN + 8):
        breaker = breaker.failed(now_s)
        pauses_s.append(breaker.open_until_s - now_s)
    assert pauses_s == sorted(pauses_s)
    assert pauses_s[FAILURES_TO_OPEN - 1] == FIRST_PAUSE_S
    assert pauses_s[-1] == LONGEST_PAUSE_S


paths = st.text(string.printable + "목소리", max_size=40)
records = st.builds(
    Record,
    gpt_weights=paths,
    sovits_weights=paths,
    switched=st.booleans(),
    warm=st.lists(st.sampled_from(["en", "ko", "ja"]), unique=True).map(tuple),
    used_at_s=times_s,
    breaker=breakers,
)


@given(record=records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert Record.from_json(record.to_json()) == record
    assert Record.from_json(record.to_json() + b"   ") == record


@given(data=st.binary(min_size=1) | records.map(lambda record: record.to_json()[:-1]))
def test_what_is_no_record_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        Record.from_json(data)


def test_a_voice_without_weights_needs_a_replica_that_was_never_switched() -> None:
    switched = Record(gpt_weights="a.ckpt", sovits_weights="a.pth", switched=True)
    assert Record().can_speak(PLAIN)
    assert Record().holds(PLAIN)
    assert not Record().holds(OWN)
    assert switched.holds(OWN)
    assert not switched.can_speak(PLAIN)
    assert not switched.forgotten().can_speak(PLAIN)
    assert not switched.forgotten().holds(OWN)


def test_a_lease_is_had_by_one_at_a_time_and_keeps_the_record(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    lease = Lease.take(path)
    assert lease is not None
    assert Lease.take(path) is None
    assert is_leased(path)
    longer = Record(warm=("en", "ko"), switched=True, gpt_weights="목소리.ckpt", sovits_weights="b.pth")
    for record in (longer, Record(used_at_s=3.0)):  # a short one after a long one
        lease.note(record)
        assert look(path) == record
    lease.release()
    lease.release()
    assert not is_leased(path)
    again = Lease.take(path)
    assert again is not None
    assert again.record == Record(used_at_s=3.0)
    again.release()


def test_a_lock_file_that_was_cleaned_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    first = Lease.take(path)
    assert first is not None
    path.unlink()
    first.release()
    assert look(path) == Record()
    second = Lease.take(path)
    assert second is not None
    assert Lease.take(path) is None
    second.release()


def test_a_damaged_record_counts_as_switched(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    path.write_bytes(b'{"gpt_wei')
    assert look(path) == Record(switched=True)


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert private(folder).stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(OSError, match="others can enter"):
        private(folder)


def test_looking_and_taking_block_nobody(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    begun = time.perf_counter()
    for _ in range(100):
        look(path)
        lease = Lease.take(path)
        assert lease is not None
        lease.note(Record())
        lease.release()
    assert (time.perf_counter() - begun) / 100 < 0.02


@pytest.mark.parametrize("given_", [{"gpt_weights": "a.ckpt"}, {"sovits_weights": "a.pth"}])
def test_weights_are_named_both_or_neither(given_: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="name both of the voice's weights"):
        Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en", **given_)


def test_weights_are_no_part_of_a_request() -> None:
    assert OWN.request("Hello.") == PLAIN.request("Hello.")
