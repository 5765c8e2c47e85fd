"""When to begin an answer before the turn is called, and how much of that work may be thrown away."""

from dataclasses import dataclass

_STABLE_AND_WHOLE, _WHOLE = 0.8, 0.9
"""An interim that comes twice with the same words, which are finished with at least this probability, may be all; so
may new words that are finished with at least the second one: of eight spoken questions, whisper-base had five whole
before their pause or within 0.15 s of it, and took five beginnings for a whole one before."""
_FOR_PAUSES = 2
"""Tries that are kept for words at which the caller has paused."""
AHEAD_S = 0.8
"""So long before the turn is called an answer is begun: language model and first clause took 0.4 to 0.8 s of two CPU
cores. What is begun sooner is only thrown away more often."""
_CREDIT_S = 1.0
"""Seconds of work that may be thrown away before any has been of use."""
_FORGET = 0.5
_REMEMBERED_S = 60.0


@dataclass(frozen=True)
class Limits:
    """How much may be done in vain.

    `tries`: answers begun for one turn; 0 begins none. `wasted`: seconds of work thrown away, as a share of the
    seconds that were of use (0.5: at most half as much again).
    """

    tries: int = 6
    wasted: float = 0.5

    def __post_init__(self) -> None:
        if self.tries < 0 or self.wasted < 0:
            raise ValueError(f"tries={self.tries} and wasted={self.wasted} must not be below 0")


class Speculation:
    """One call's. Without clock: durations are given."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._interim = ""
        self._begun_for = ""
        self._tries = 0
        self.begun = 0
        """Answers begun before their turn was called."""
        self.used_s = 0.0
        """Seconds of work on answers that were given."""
        self.wasted_s = 0.0
        """Seconds of work on answers that were thrown away."""
        self.read_s = 0.0
        """Seconds in which the language model read ahead."""
        self._recent_used_s = 0.0
        self._recent_wasted_s = 0.0

    @property
    def allowed(self) -> bool:
        """Whether one more answer may be begun now."""
        within = self._recent_wasted_s <= _CREDIT_S + self._limits.wasted * self._recent_used_s
        return self._tries < self._limits.tries and within

    def interim(self, text: str, finished: float) -> bool:
        """Whether to begin on these words while the caller still speaks: they are whole, as far as one can tell.

        `finished`: the probability, by the words, that nothing is missing.
        """
        stable, self._interim = text == self._interim, text
        whole = finished >= (_STABLE_AND_WHOLE if stable else _WHOLE)
        return whole and text != self._begun_for and self.allowed and self._tries < self._limits.tries - _FOR_PAUSES

    def begin(self, text: str) -> None:
        """An answer to these words is begun."""
        self._begun_for = text
        self._tries += 1
        self.begun += 1

    def turn_over(self) -> None:
        """The turn was called, or was none."""
        self._interim = self._begun_for = ""
        self._tries = 0

    def worked(self, seconds: float, *, used: bool) -> None:
        """So much work was done on an answer that was given, or that was thrown away."""
        if used:
            self.used_s += seconds
            self._recent_used_s += seconds
        else:
            self.wasted_s += seconds
            self._recent_wasted_s += seconds
        # What happened long ago neither buys nor forbids anything now.
        if self._recent_used_s + self._recent_wasted_s > _REMEMBERED_S:
            self._recent_used_s *= _FORGET
            self._recent_wasted_s *= _FORGET
