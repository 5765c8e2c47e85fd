"""The curves of cut-ins against waits, and the bars on ours."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench import report
from bench.turns import strategies
from bench.turns.evidence import Heard
from bench.turns.scoring import Point, best, frontier, score
from livekit.plugins.turns.ending.wait import Costs

FIXED_S = (0.3, 0.5, 0.8, 1.2)
LEAST_CUT_IN = 0.02
"""The share of cut-ins at which all are compared, besides those of the others' defaults."""
HALF = 0.5

_SHOWN_CUT_INS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True)
class Curves:
    """The points of every strategy over its settings, and with its defaults."""

    points: Mapping[str, Sequence[Point]]
    """Ours under OURS."""
    defaults: Sequence[Point]
    """Of the others."""
    ours: Point
    """With our default costs."""

    def best_other(self, cut_in: float) -> Point | None:
        points = [point for name, family in self.points.items() if name != OURS for point in family]
        return best([*points, *self.defaults], cut_in)

    def best_of_ours(self, cut_in: float) -> Point | None:
        return best([*self.points[OURS], self.ours], cut_in)

    @property
    def best_default(self) -> Point:
        """Of the others with their defaults, the one that cuts in least."""
        return min(self.defaults, key=lambda point: (point.cut_in, point.median_s))


OURS = "ours"


def measure(turns: Sequence[Heard]) -> Curves:
    """Every strategy on the same turns."""

    def scored(named: Iterable[tuple[str, strategies.Strategy]]) -> list[Point]:
        return [score(name, turns, strategy) for name, strategy in named]

    families: dict[str, Callable[[], Iterable[tuple[str, strategies.Strategy]]]] = {
        "fixed wait": _fixed,
        "v1-mini": _livekit,
        "Smart Turn v3.2": _smart_turn,
    }
    defaults = [(f"fixed {wait:g} s", strategies.fixed(wait)) for wait in FIXED_S]
    defaults.append(("v1-mini", strategies.livekit(strategies.LIVEKIT_THRESHOLD["en"])))
    defaults.append(("Smart Turn v3.2", strategies.smart_turn()))
    points = {name: scored(family()) for name, family in families.items()}
    points[OURS] = scored((f"ours, cut-in {cost:.3g}", strategies.ours(Costs(cut_in=cost))) for cost in _COSTS)
    return Curves(points, scored(defaults), score("ours", turns, strategies.ours(Costs())))


_COSTS = tuple(float(cost) for cost in np.geomspace(0.3, 300, 46))


def _fixed() -> Iterable[tuple[str, strategies.Strategy]]:
    return ((f"fixed {wait:.2f} s", strategies.fixed(float(wait))) for wait in np.arange(0.25, 3.01, 0.05))


def _livekit() -> Iterable[tuple[str, strategies.Strategy]]:
    for threshold in np.arange(0.3, 0.96, 0.01):
        for max_s in np.arange(0.4, 3.01, 0.1):
            yield (
                f"v1-mini, threshold {threshold:.2f}, max {max_s:.1f} s",
                strategies.livekit(float(threshold), max_s=float(max_s)),
            )


def _smart_turn() -> Iterable[tuple[str, strategies.Strategy]]:
    thresholds = [*np.arange(0.05, 0.95, 0.05), 0.95, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999]
    for threshold in thresholds:
        for stop_s in np.arange(0.2, 3.01, 0.1):
            yield (
                f"Smart Turn, threshold {threshold:.3g}, stop {stop_s:.1f} s",
                strategies.smart_turn(float(threshold), stop_s=float(stop_s)),
            )


def bars(curves: Curves) -> list[report.Bar]:
    """Ours against the default that cuts in least, and against every other setting at few cut-ins."""
    other = curves.best_default
    at = f"at no more cut-ins than {other.name} ({other.cut_in:.1%})"
    return [
        *_against(f"{at}: its median wait", other, curves.best_of_ours(other.cut_in), at),
        report.Bar(name=f"{at}: best setting of the others", value=_median(curves.best_other(other.cut_in))),
        *_against(
            f"at {LEAST_CUT_IN:.0%} cut-ins: best setting of the others",
            curves.best_other(LEAST_CUT_IN),
            curves.best_of_ours(LEAST_CUT_IN),
            f"at {LEAST_CUT_IN:.0%} cut-ins",
        ),
        report.Bar(name="ours with its defaults: cut-ins", value=100 * curves.ours.cut_in, unit="%"),
        report.Bar(name="ours with its defaults: median wait", value=curves.ours.median_s),
        report.Bar(name="ours with its defaults: p95 wait", value=curves.ours.p95_s),
    ]


def _against(name: str, other: Point | None, mine: Point | None, at: str) -> list[report.Bar]:
    ratio = mine.median_s / other.median_s if mine and other else None
    return [
        report.Bar(name=name, value=_median(other)),
        report.Bar(name=f"{at}: our median wait", value=_median(mine)),
        report.Bar(name=f"{at}: ratio", value=ratio, unit="", bound=HALF),
    ]


def table(curves: Curves) -> str:
    defaults = report.table(
        "With defaults",
        ("", "cut-ins %", "median s", "p95 s", "ours s", "best other s"),
        [
            (point.name, 100 * point.cut_in, point.median_s, point.p95_s, *_medians(curves, point.cut_in))
            for point in (*curves.defaults, curves.ours)
        ],
    )
    at = report.table(
        "Median wait, s, at no more cut-ins than",
        ("", *(f"{share:.0%}" for share in _SHOWN_CUT_INS)),
        [(name, *(_median(best(points, share)) for share in _SHOWN_CUT_INS)) for name, points in curves.points.items()],
    )
    return f"{defaults}\n\n{at}"


def as_json(curves: Curves, turns: Sequence[Heard]) -> dict[str, Any]:
    return {
        "curves": {name: [point.as_json() for point in frontier(points)] for name, points in curves.points.items()},
        "defaults": [point.as_json() for point in (*curves.defaults, curves.ours)],
        "turns": [asdict(turn) for turn in turns],
    }


def _medians(curves: Curves, cut_in: float) -> tuple[float | None, float | None]:
    return _median(curves.best_of_ours(cut_in)), _median(curves.best_other(cut_in))


def _median(point: Point | None) -> float | None:
    return point.median_s if point else None
