"""How long to wait before a turn is called: the wait that costs least, as far as one knows."""

import math
from dataclasses import dataclass

from .pace import Pace

SHORTEST_S = 0.15
"""The wait after a turn that is certainly over."""
LONGEST_S = 2.5
"""The wait for somebody who is plainly in the middle: 95 of 100 pauses of older callers end before it."""


@dataclass(frozen=True)
class Costs:
    """What the two mistakes cost, against each other: only `cut_in / late` matters.

    `cut_in`: speaking into a turn that goes on. `late`: answering a turn that is over as late as their longer pauses
    last, four of five being shorter: 1.4 s for somebody of usual pace, longer for somebody slower. With 2.5 and
    1, cutting in once is as bad as two or three such answers.
    """

    cut_in: float = 2.5
    late: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.cut_in < float("inf") and 0 < self.late < float("inf")):
            raise ValueError("costs are positive numbers")

    def lateness(self, outlasts: float) -> float:
        """The cost of a wait that this share, 0 to 1, of their pauses outlasts.

        An endless wait costs one and a half times `late`, because a silence that is much too long already gets little
        worse. Of the powers of the share tried on the 400 tuning turns of `python -m bench.turns`, 1/2 to 1, this one
        has the lowest medians at 8 to 20 % of cut-ins; the larger ones answer whoever they are not sure of late. Linear
        and saturating in seconds, and the logarithm, were no better.
        """
        return 1.5 * self.late * (1 - math.pow(outlasts, 2 / 3))


_DEFAULT = Costs()


def wait_s(
    probability: float,
    pace: Pace,
    costs: Costs = _DEFAULT,
    *,
    shortest_s: float = SHORTEST_S,
    longest_s: float = LONGEST_S,
) -> float:
    """Seconds from the last speech until the turn is called, from `shortest_s` to `longest_s`.

    Of all waits t it is the one with the least expected cost:

        probability * costs.lateness(outlasts(t)) + (1 - probability) * costs.cut_in * outlasts(t)

    A longer wait is paid where the turn is over; where it is not, it is paid back by the pauses that end before t. The
    sum is convex in the share outlasts(t), and least where that is the cube of

        probability * late / ((1 - probability) * cut_in)

    Never longer for a higher `probability` that the turn is over, never shorter for a higher `costs.cut_in`, and in
    proportion to the person's pauses.
    """
    if not 0 < shortest_s <= longest_s:
        raise ValueError("the shortest wait is above 0 and not above the longest")
    late, cut_in = probability * costs.late, (1 - probability) * costs.cut_in
    if late >= cut_in:
        return shortest_s
    return min(max(pace.outlasted_by((late / cut_in) ** 3), shortest_s), longest_s)
