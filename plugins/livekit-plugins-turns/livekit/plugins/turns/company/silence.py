"""When nobody speaks: whom to ask again, when, and when to end the call. Pure."""

import math
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

BREATH_S = 3.0
"""So long there is quiet behind a question, however close the next one is by the schedule; and behind a sound, whose
words come up to a second later."""
SOUND_S = 10.0
"""So long, in all, sounds without words put off what is due. Within it who begins to speak has said words that are
heard; a television goes on for hours."""
LINGER_S = 1.0
"""So long behind the goodbye the caller may still begin to speak, before the call ends."""


@dataclass(frozen=True)
class Schedule:
    """Seconds of silence. Raises ValueError for times that do not rise, or are not positive."""

    ask_after_s: tuple[float, ...] = (8.0, 20.0)
    """When somebody who does not answer is asked again; empty: never."""
    goodbye_after_s: float = math.inf
    """When the call is ended."""
    hold_s: float = 300.0
    """How long "hold on" suspends the others, at most."""

    def __post_init__(self) -> None:
        times = (0.0, *self.ask_after_s, self.goodbye_after_s)
        if not all(earlier < later for earlier, later in pairwise(times)) or not self.hold_s > 0:
            raise ValueError("times of silence must be positive and rise")


class SilenceDue(Enum):
    """What silence calls for."""

    ASK = auto()
    GOODBYE = auto()
    END = auto()
    """Nobody has answered the goodbye: the call is over."""


class Silence:
    """One call's silence. Times are seconds by any clock that does not go back.

    It runs from when the agent falls silent, and begins anew with the caller's words, and whenever the agent says
    something of its own accord. What the agent says because of it does not count: `asked` tells when that is over. A
    sound of which no words come, a television's or steps, only puts off what is due while it lasts and a breath
    longer, by `SOUND_S` at most. Asked to hold on, it stands still until words come, or for `hold_s`; then the caller
    is asked once, and all begins anew.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._agent_speaks = True  # it greets first
        self._sounds = False
        self._quiet_from = -math.inf
        """Until then a sound that is over puts off what is due."""
        self._since: float | None = None
        self._asks = 0
        self._goodbye_due = False
        self._ends_at: float | None = None
        self._hold_until: float | None = None
        self._not_before = -math.inf

    def companion_spoke(self) -> None:
        """The agent began to think or to speak."""
        self._agent_speaks = True
        self._begin(None)

    def companion_stopped(self, t: float) -> None:
        """The agent listens."""
        if self._agent_speaks:
            self._agent_speaks = False
            self._begin(t)

    def caller_sounds(self) -> None:
        """There is a sound at the caller's: speech, maybe."""
        self._sounds = True

    def caller_stopped(self, t: float) -> None:
        """The sound is over. Its words may still come."""
        if self._sounds:
            self._sounds = False
            self._quiet_from = t + BREATH_S

    def caller_said(self, t: float) -> None:
        """There were words. They end a suspension."""
        self._hold_until = None
        self._begin(t)

    def suspend(self, t: float) -> None:
        """The caller asked for patience."""
        self._hold_until = t + self._schedule.hold_s
        self._begin(t)

    def asked(self, t: float, *, cut_off: bool = False) -> None:
        """What was due has been said; `cut_off`: not to its end, and words may come of what did that."""
        self._not_before = t + BREATH_S
        if self._goodbye_due:
            self._ends_at = t + (BREATH_S if cut_off else LINGER_S)
        elif self._since is None:
            self._begin(t)

    def next_at(self) -> float | None:
        """When something will be due if nothing happens until then; None: never."""
        at = self._due_at()
        if at is None or not math.isfinite(at):
            return None
        return min(max(at, math.inf if self._sounds else self._quiet_from), at + SOUND_S)

    def due(self, t: float) -> SilenceDue | None:
        """What is due now; told once."""
        at = self.next_at()
        if at is None or t < at:
            return None
        if self._goodbye_due:
            self._since = self._ends_at = None
            return SilenceDue.END
        if self._hold_until is not None:
            self._hold_until = None
            self._since = None  # anew from the question's end
            return SilenceDue.ASK
        if self._asks < len(self._schedule.ask_after_s):
            self._asks += 1
            return SilenceDue.ASK
        self._goodbye_due = True
        return SilenceDue.GOODBYE

    def _due_at(self) -> float | None:
        """When something is due where all is quiet."""
        if self._since is None:
            return None
        if self._goodbye_due:
            return self._ends_at
        if self._hold_until is not None:
            return max(self._hold_until, self._since + BREATH_S)
        times = (*self._schedule.ask_after_s, self._schedule.goodbye_after_s)
        return max(self._since + times[self._asks], self._not_before)

    def _begin(self, t: float | None) -> None:
        self._asks, self._goodbye_due, self._ends_at = 0, False, None
        self._since = None if self._agent_speaks else t
