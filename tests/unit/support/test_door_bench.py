"""What the door's benchmark makes of what it noted."""

import numpy as np
import pytest

from bench.door.captions import _lags
from bench.door.page_memory import slope
from bench.door.watching import RATE


def test_a_slope_is_per_minute() -> None:
    rows = [{"at_s": 10.0 * index, "heap_mib": 4.0 + 0.5 * index} for index in range(6)]
    assert slope(rows, "heap_mib") == pytest.approx(3.0)
    assert slope(rows[:2], "heap_mib") is None


def test_a_lag_is_from_the_last_sample_to_the_last_word() -> None:
    # Two seconds of nothing, then a second of sound: the page's microphone said the first of it at 12 s.
    samples = np.concatenate([np.zeros(2 * RATE, np.int16), np.full(RATE, 9000, np.int16)])
    noted = {
        "microphone": [12_000.0, 12_005.0],
        "words": [
            {"at": 12_100.0, "text": "We"},
            {"at": 12_900.0, "text": "We went to the riverside"},
            {"at": 13_400.0, "text": "We went to the River. And"},
            {"at": 13_600.0, "text": "We went to the river, and then"},
        ],
    }
    clauses = [("we went to the river", 3.0), ("with Margaret", 3.0)]
    assert [row["lag_s"] for row in _lags(noted, samples, clauses)] == [pytest.approx(0.4), None]
