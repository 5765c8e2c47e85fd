"""How long to wait before a turn is called: the wait that costs least, as far as one knows."""

from dataclasses import dataclass
from functools import lru_cache

from .pace import USUAL, Pace

SHORTEST_S = 0.15
"""The wait after a turn that is certainly over."""
LONGEST_S = 2.5
"""The wait for somebody who is plainly in the middle: 95 of 100 pauses of older callers end before it."""
_STEP_S = 0.01


@dataclass(frozen=True)
class Costs:
    """What the two mistakes cost, against each other: only `cut_in / late` matters.

    `late`: one second of waiting after a turn that is over. `cut_in`: speaking into a turn that goes on. With 3 and 1,
    cutting in once is as bad as answering three seconds late. `late` holds for somebody of usual pace; to a slower
    person a second is less, in proportion to their pauses.
    """

    cut_in: float = 3.0
    late: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.cut_in < float("inf") and 0 < self.late < float("inf")):
            raise ValueError("costs are positive numbers")


_DEFAULT = Costs()


def wait_s(
    probability: float,
    pace: Pace,
    costs: Costs = _DEFAULT,
    *,
    shortest_s: float = SHORTEST_S,
    longest_s: float = LONGEST_S,
) -> float:
    """Seconds from the last speech until the turn is called, from `shortest_s` to `longest_s` in steps of 0.01 s.

    Of all waits t it takes the one with the least expected cost, the shortest of equals:

        probability * late * t * (usual median pause / their median pause) + (1 - probability) * cut_in * outlasts(t)

    A longer wait is paid where the turn is over; where it is not, it is paid back by the pauses that end before t.
    Never longer for a higher `probability` that the turn is over, never shorter for a higher `costs.cut_in`.
    """
    if not 0 < shortest_s <= longest_s:
        raise ValueError("the shortest wait is above 0 and not above the longest")
    late = probability * costs.late * USUAL.median_s / pace.median_s
    cut_in = (1 - probability) * costs.cut_in
    best, least = shortest_s, float("inf")
    for wait, outlasts in _outlasting(pace, shortest_s, longest_s):
        cost = late * wait + cut_in * outlasts
        if cost < least:
            best, least = wait, cost
    return best


@lru_cache(maxsize=16)
def _outlasting(pace: Pace, shortest_s: float, longest_s: float) -> tuple[tuple[float, float], ...]:
    """Every wait that is considered, and the share of mid-turn pauses that outlast it."""
    steps = int((longest_s - shortest_s) / _STEP_S + 1e-6)
    waits = [shortest_s + step * _STEP_S for step in range(steps + 1)]
    if longest_s - waits[-1] > 1e-6:
        waits.append(longest_s)
    waits[-1] = longest_s if len(waits) > 1 else shortest_s
    return tuple((wait, pace.outlasts(wait)) for wait in waits)
