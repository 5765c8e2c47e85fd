"""Cut-ins against waits: what a strategy makes of all turns, and which strategy is best at a share of cut-ins."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.report import percentile
from bench.turns.evidence import Heard
from bench.turns.strategies import Strategy
from livekit.plugins.turns.ending.pace import Pace
from livekit.plugins.turns.ending.speaker import LEARNT_S


@dataclass(frozen=True)
class Point:
    """One strategy with one setting.

    cut_in: share of the turns that were called in a pause within them. median_s, p95_s: from the true last speech
    sample until the turn is called, of all turns, those that were cut into before included.
    """

    name: str
    cut_in: float
    median_s: float
    p95_s: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def score(name: str, turns: Sequence[Heard], strategy: Strategy) -> Point:
    """The turns are one person's, in this order: what a strategy learns of their pace it knows in the turns after."""
    pace = Pace()
    cut, waits = 0, []
    for turn in turns:
        *within, last = turn.pauses
        was_cut = False
        for pause in within:
            assert pause.resumed_s is not None
            called_s = strategy(pause, pace)
            was_cut = was_cut or called_s < pause.resumed_s
            if LEARNT_S[0] <= pause.resumed_s <= LEARNT_S[1]:
                pace = pace.learnt(pause.resumed_s, within_s=max(called_s, pause.resumed_s))
        waits.append(strategy(last, pace) + last.late_s)
        cut += was_cut
    median_s, p95_s = percentile(waits, 0.5), percentile(waits, 0.95)
    assert median_s is not None
    assert p95_s is not None
    return Point(name, cut / len(turns), median_s, p95_s)


def best(points: Iterable[Point], cut_in: float) -> Point | None:
    """The one with the lowest median among those with no more cut-ins; None where all have more."""
    return min((point for point in points if point.cut_in <= cut_in), key=lambda point: point.median_s, default=None)


def frontier(points: Iterable[Point]) -> list[Point]:
    """Those that no other beats in both, by rising cut-ins."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cut_in, one.median_s)):
        if not kept or point.median_s < kept[-1].median_s:
            kept.append(point)
    return kept
