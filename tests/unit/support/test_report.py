"""Percentiles, bars, and the file that every benchmark leaves."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report import Bar, bars_table, percentile, spread, table, write


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_percentiles_are_numpys(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.percentile(values, share * 100))


def test_what_was_not_measured_is_left_out() -> None:
    assert percentile([None, 1.0, None, 3.0], 0.5) == 2.0
    assert percentile([None], 0.5) is None
    assert spread([None, 1.0, 3.0]) == {"count": 2, "p50": 2.0, "p95": pytest.approx(2.9), "min": 1.0, "max": 3.0}
    assert spread([])["count"] == 0


def test_a_bar_holds_up_to_its_bound() -> None:
    assert Bar(name="a", value=1.5, bound=1.5).holds is True
    assert Bar(name="a", value=1.51, bound=1.5).holds is False
    assert Bar(name="a", value=19, bound=20, must_be="at least").holds is False
    assert Bar(name="a", value=20, bound=20, must_be="at least").holds is True
    assert Bar(name="a", value=None, bound=1.5).holds is False, "what could not be measured does not hold"
    assert Bar(name="a", value=1.5).holds is None


def test_the_file_holds_bars_figures_machine_and_versions(tmp_path: Path) -> None:
    bar = Bar(name="pick-up", value=1.0, bound=1.5)
    path = write("example", bars=[bar], results={"turns": [{"mouth_to_ear_s": 1.25}]}, folder=tmp_path / "bench")
    assert path == tmp_path / "bench" / "example.json"
    document = json.loads(path.read_text())
    assert document["bars"] == [
        {"name": "pick-up", "value": 1.0, "unit": "s", "bound": {"must_be": "at most", "bound": 1.5}, "holds": True}
    ]
    assert document["turns"] == [{"mouth_to_ear_s": 1.25}]
    assert document["machine"]["cores"] >= 1
    assert document["machine"]["memory_gib"] > 0
    assert document["versions"]["livekit-agents"].startswith("1.")
    assert document["versions"]["ollama"]


def test_tables_align_and_name_what_does_not_hold() -> None:
    lines = table("Title", ("name", "value"), [("a", 1.0), ("longer", None)]).splitlines()
    assert lines == ["Title", "name    value", "-------------", "a        1.00", "longer      -"]
    shown = bars_table([Bar(name="slow", value=2.0, bound=1.5), Bar(name="told", value=3.0)])
    assert "NO" in shown.splitlines()[-2]
    assert "at most 1.5" in shown
    assert "NO" not in shown.splitlines()[-1]
