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
"""Seconds of a stage's work that may be thrown away before any has been of use."""
_FORGET = 0.5
_REMEMBERED_S = 60.0


@dataclass(frozen=True)
class Limits:
    """How much may be done in vain.

    `tries`: answers begun for one turn; 0 begins none. `wasted`: seconds of work thrown away, as a share of the
    seconds that were of use (1: at most as much again), for the language model and the voice each: one
    pays not for the other. What is read ahead counts as thrown away.
    """

    tries: int = 6
    wasted: float = 1.0

    def __post_init__(self) -> None:
        if self.tries < 0 or self.wasted < 0:
            raise ValueError(f"tries={self.tries} and wasted={self.wasted} must not be below 0")


@dataclass
class Spent:
    """Seconds of one stage's work."""

    used_s: float = 0.0
    """On answers of which the caller heard something."""
    wasted_s: float = 0.0
    """On answers of which nothing was heard."""


class _Recent:
    """One stage's work of late."""

    def __init__(self) -> None:
        self._spent = Spent()

    def add(self, *, used_s: float = 0.0, wasted_s: float = 0.0) -> None:
        self._spent.used_s += used_s
        self._spent.wasted_s += wasted_s
        # What happened long ago neither buys nor forbids anything now.
        if self._spent.used_s + self._spent.wasted_s > _REMEMBERED_S:
            self._spent.used_s *= _FORGET
            self._spent.wasted_s *= _FORGET

    def within(self, share: float) -> bool:
        return self._spent.wasted_s <= _CREDIT_S + share * self._spent.used_s


class Speculation:
    """One call's. Without clock: durations are given."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._interim = ""
        self._begun_for = ""
        self._tries = 0
        self.begun = 0
        """Answers begun before their turn was called."""
        self.model = Spent()
        """Seconds in which the language model read and wrote."""
        self.voice = Spent()
        """Seconds of speech that was made."""
        self.read_s = 0.0
        """Seconds in which the language model read ahead, which are not in `model`."""
        self._recent_model, self._recent_voice = _Recent(), _Recent()

    @property
    def allowed(self) -> bool:
        """Whether one more answer may be begun now."""
        return self._tries < self._limits.tries and self.affordable

    @property
    def affordable(self) -> bool:
        """Whether what was done in vain of late is within its limit."""
        return self._recent_model.within(self._limits.wasted) and self._recent_voice.within(self._limits.wasted)

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

    def worked(self, *, model_s: float = 0.0, voice_s: float = 0.0, used: bool) -> None:
        """So much work was done on an answer of which something was heard, or nothing."""
        if used:
            self.model.used_s += model_s
            self.voice.used_s += voice_s
            self._recent_model.add(used_s=model_s)
            self._recent_voice.add(used_s=voice_s)
        else:
            self.model.wasted_s += model_s
            self.voice.wasted_s += voice_s
            self._recent_model.add(wasted_s=model_s)
            self._recent_voice.add(wasted_s=voice_s)

    def read(self, seconds: float) -> None:
        """The language model has read ahead for so long."""
        self.read_s += seconds
        self._recent_model.add(wasted_s=seconds)
