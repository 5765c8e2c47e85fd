"""How long somebody pauses inside a turn."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

_NO_PAUSE_S, _LONGEST_USUAL_S = 0.2, 2.5
_TAIL = 1.645  # standard deviations from the median to the 5th and to the 95th percentile
_MEDIAN_S = math.sqrt(_NO_PAUSE_S * _LONGEST_USUAL_S)
_SPREAD = math.log(_LONGEST_USUAL_S / _NO_PAUSE_S) / (2 * _TAIL)
_PRIOR_WEIGHT = 6.0
_MOST_WEIGHT = 30.0
_MEDIANS_S = (0.3, 1.2)
_SPREADS = (0.4, 1.2)
_MOST_UNSEEN = 1.0
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Pace:
    """Lengths of one person's pauses in the middle of a turn, as a lognormal distribution.

    `median_s`: half of them are longer. `spread`: the standard deviation of their natural logarithm. `weight`: how
    many pauses the two stand for; those assumed before any was heard count as 6, and never more than 30 are
    remembered, so that the latest always count.

    What is assumed of somebody not heard yet: nineteen of twenty pauses are under 2.5 s, which is the 95th percentile
    of older people who talk with call centres (1.4 s between two people who know each other), and nineteen of twenty
    are over 0.2 s, which is what people leave between two turns. Together: a median of 0.71 s and a spread of 0.77.
    """

    median_s: float = _MEDIAN_S
    spread: float = _SPREAD
    weight: float = _PRIOR_WEIGHT

    def __post_init__(self) -> None:
        _check("median_s", self.median_s, *_MEDIANS_S)
        _check("spread", self.spread, *_SPREADS)
        _check("weight", self.weight, 1.0, _MOST_WEIGHT)

    def outlasts(self, t_s: float) -> float:
        """Share of the pauses that last longer than `t_s`: 1 at 0, never rising."""
        return 1.0 if t_s <= 0 else _above((math.log(t_s) - math.log(self.median_s)) / self.spread)

    def outlasted_by(self, share: float) -> float:
        """The length in seconds that this share, 0 to 1, of the pauses outlast: what `outlasts` is the inverse of."""
        if share <= 0:
            return math.inf
        return self.median_s * math.exp(-self.spread * _NORMAL.inv_cdf(share)) if share < 1 else 0.0

    def learnt(self, pause_s: float, *, within_s: float = math.inf) -> "Pace":
        """The pace after one more pause of `pause_s`, after which the person went on.

        `within_s`: how long that pause could have lasted before the turn had been called. Longer ones are never seen,
        because they become ends of turns; leaving them out would make every wait shorten the next. So each pause seen
        also stands for those that were not: as many, and as long, as the pace so far expects beyond `within_s` (one
        step of expectation maximisation for a truncated normal distribution), at most one.
        """
        seen = math.log(pause_s)
        mean, variance = math.log(self.median_s), self.spread**2
        unseen, unseen_mean, unseen_square = self._unseen(max(within_s, pause_s))
        before = min(self.weight, _MOST_WEIGHT - 1 - unseen)
        total = before + 1 + unseen
        learnt_mean = (before * mean + seen + unseen * unseen_mean) / total
        square = (before * (variance + mean**2) + seen**2 + unseen * unseen_square) / total
        return Pace(
            median_s=_bounded(math.exp(learnt_mean), *_MEDIANS_S),
            spread=_bounded(math.sqrt(max(square - learnt_mean**2, 0.0)), *_SPREADS),
            weight=min(total, _MOST_WEIGHT),
        )

    def _unseen(self, within_s: float) -> tuple[float, float, float]:
        """Pauses beyond `within_s` to each one up to it: how many, and the mean and mean square of their logarithms."""
        mean = math.log(self.median_s)
        beyond = self.outlasts(within_s)
        if beyond < 1e-6:
            return 0.0, 0.0, 0.0
        z = (math.log(within_s) - mean) / self.spread
        hazard = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / beyond
        square = mean**2 + 2 * mean * self.spread * hazard + self.spread**2 * (1 + z * hazard)
        return min(beyond / max(1 - beyond, 1e-6), _MOST_UNSEEN), mean + self.spread * hazard, square

    def as_json(self) -> dict[str, float]:
        """What `from_json` reads."""
        return {"median_s": self.median_s, "spread": self.spread, "weight": self.weight}

    @classmethod
    def from_json(cls, data: Any) -> "Pace":
        """Raises ValueError for what is no pace: another type, a missing or unknown key, a value out of its bounds."""
        if not isinstance(data, Mapping) or set(data) != {"median_s", "spread", "weight"}:
            raise ValueError("a pace has median_s, spread and weight, and nothing else")
        for name, value in data.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} of a pace is not a number")
        return cls(**data)


def _above(z: float) -> float:
    """Share of a standard normal distribution above `z`."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def _bounded(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} of a pace is not between {least:g} and {most:g}")


USUAL = Pace()
"""The pace of somebody not heard yet."""
