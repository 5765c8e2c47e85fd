"""Clips without speech: of every kind, of the right form and level, and the same each time."""

import numpy as np
import pytest

from support.nonspeech import DURATION_S, KINDS, LEVELS_DB, RATE, clip, clips

_STRUCK = ("clicks", "keyboard", "coughs", "doors", "applause")
"""Loud for moments only: at a high level they stay below it, so that no peak is cut off."""


@pytest.mark.parametrize("index", range(len(KINDS)))
def test_a_clip_has_its_form_and_its_level(index: int) -> None:
    found = clip(index)
    assert found.kind == list(KINDS)[index]
    assert found.samples.dtype == np.int16
    assert found.samples.ndim == 1
    assert DURATION_S[0] <= found.duration_s <= DURATION_S[1]
    assert found.duration_s == len(found.samples) / RATE
    rms = float(np.sqrt(np.square(found.samples.astype(np.float64)).mean()))
    level_db = LEVELS_DB[index % len(LEVELS_DB)]
    if found.kind == "digital silence":
        assert rms == 0
    elif found.kind == "dither":
        assert 0 < rms < 3
    elif found.kind in _STRUCK:
        assert -51 < 20 * np.log10(rms / 32768) < level_db + 0.1
    else:
        assert 20 * np.log10(rms / 32768) == pytest.approx(level_db, abs=0.5)


@pytest.mark.parametrize("index", [0, 9, 24])
def test_the_same_index_gives_the_same_samples_and_another_one_others(index: int) -> None:
    np.testing.assert_array_equal(clip(index).samples, clip(index).samples)
    again = clip(index + len(KINDS))
    assert again.kind == clip(index).kind
    assert len(again.samples) != len(clip(index).samples)


def test_a_few_clips_are_the_first_of_many() -> None:
    few = clips(3)
    assert [one.kind for one in few] == list(KINDS)[:3]
    np.testing.assert_array_equal(few[2].samples, clip(2).samples)


def test_a_hundred_have_every_kind_at_every_level() -> None:
    assert len(KINDS) * len(LEVELS_DB) == 100
    levels = [round(20 * np.log10(clip(place * len(KINDS)).samples.astype(float).std() / 32768)) for place in range(4)]
    assert sorted(levels) == sorted(LEVELS_DB)
