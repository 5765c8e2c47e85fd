"""Where a quiet "mm-hm" fits while somebody tells something long. Pure."""

import math
from dataclasses import dataclass

from ..words import finished
from ..words.asked import primary
from ..words.endings import last_ending
from ..words.morphemes import morphemes
from ..words.said import said

_BROKEN_OFF = 0.2
"""Words less likely than this to be whole break off inside a clause: "because the"."""
_JOINS = frozenset({"and", "but", "so", "then", "because"})
"""Behind these a clause is over, and somebody looks for the next."""


@dataclass(frozen=True)
class Manner:
    """When a nod fits. `told_s`: what must have been told in this turn, pauses not counted; `apart_s`: from one nod to
    the next; it comes from `pause_s` to `late_s` into a pause, where the turn goes on: the probability that it is over
    is below `over_below`."""

    told_s: float = 6.0
    apart_s: float = 7.0
    pause_s: float = 0.25
    late_s: float = 1.2
    over_below: float = 0.5


MANNER = Manner()


class Nods:
    """One call's listening. Times are seconds by any clock that does not go back."""

    def __init__(self, manner: Manner = MANNER) -> None:
        self._manner = manner
        self._spoke_at: float | None = None
        self._paused_at: float | None = None
        self._told_s = 0.0
        self._nodded_at = -math.inf

    def spoke(self, t: float) -> None:
        """The caller began, or went on."""
        if self._spoke_at is None:
            self._spoke_at = t
        self._paused_at = None

    def paused(self, t: float) -> None:
        """The caller's last speech was at `t`."""
        if self._spoke_at is not None:
            self._told_s += max(0.0, t - self._spoke_at)
            self._spoke_at, self._paused_at = None, t

    def turn_over(self) -> None:
        """The agent has the floor."""
        self._spoke_at = self._paused_at = None
        self._told_s = 0.0

    def nodded(self, t: float) -> None:
        self._nodded_at = t

    def look_at(self, t: float) -> float | None:
        """When it is worth asking whether one `fits`, from `t` on; None: not in this pause."""
        if self._paused_at is None or self._told_s < self._manner.told_s:
            return None
        at = max(t, self._paused_at + self._manner.pause_s, self._nodded_at + self._manner.apart_s)
        return at if at <= self._paused_at + self._manner.late_s else None

    def fits(self, t: float, *, over: float, border: bool) -> bool:
        """Whether one fits now. `over`: probability that the turn is over; `border`: the words end a clause."""
        at = self.look_at(t)
        return at is not None and at <= t and border and over < self._manner.over_below


def ends_clause(text: str, language: str) -> bool:
    """Whether the words so far end at a border at which people nod: of a clause or a sentence, or at a comma."""
    words = said(text)
    if words is None:
        return False
    if words.mark == "," or finished(text, language) >= _BROKEN_OFF:
        return True
    if words.words[-1] in _JOINS:
        return True
    # A Korean verb that joins its clause on (-고, -어서) says plainly that more comes: the words are no whole turn.
    return primary(language) == "ko" and last_ending(morphemes(" ".join(words.sentence))) is not None
