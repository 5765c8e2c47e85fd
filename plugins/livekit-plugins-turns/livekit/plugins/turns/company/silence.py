"""When nobody speaks: whom to ask again, when, and when to end the call. Pure."""

import math
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

BREATH_S = 3.0
"""So long there is quiet behind a question, however close the next one is by the schedule."""


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


class Due(Enum):
    """What silence calls for."""

    ASK = auto()
    GOODBYE = auto()


class Silence:
    """One call's silence. Times are seconds by any clock that does not go back.

    It runs from when both the agent and the caller are silent, and begins anew whenever the caller speaks or the agent
    says something of its own accord. What the agent says because of it does not count as speaking: `asked` tells when
    that is over. Asked to hold on, it stands still until words come, or for `hold_s`; then the caller is asked once,
    and all begins anew.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._agent_speaks = True  # it greets first
        self._caller_speaks = False
        self._since: float | None = None
        self._asks = 0
        self._ended = False
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

    def caller_spoke(self) -> None:
        """The caller makes a sound."""
        self._caller_speaks = True
        self._begin(None)

    def caller_stopped(self, t: float) -> None:
        if self._caller_speaks:
            self._caller_speaks = False
            self._begin(t)

    def caller_said(self, t: float) -> None:
        """There were words. They end a suspension; a sound alone does not: a door is heard, and steps."""
        self._hold_until = None
        self._begin(t)

    def suspend(self, t: float) -> None:
        """The caller asked for patience."""
        self._hold_until = t + self._schedule.hold_s
        self._begin(t)

    def asked(self, t: float) -> None:
        """What was due has been said."""
        self._not_before = t + BREATH_S
        if self._since is None:
            self._begin(t)

    def next_at(self) -> float | None:
        """When something will be due if nothing happens until then; None: never."""
        if self._since is None or self._ended:
            return None
        if self._hold_until is not None:
            return max(self._hold_until, self._since + BREATH_S)
        times = (*self._schedule.ask_after_s, self._schedule.goodbye_after_s)
        at = max(self._since + times[self._asks], self._not_before)
        return at if math.isfinite(at) else None

    def due(self, t: float) -> Due | None:
        """What is due now; told once."""
        at = self.next_at()
        if at is None or t < at:
            return None
        if self._hold_until is not None:
            self._hold_until = None
            self._since = None  # anew from the question's end
            return Due.ASK
        if self._asks < len(self._schedule.ask_after_s):
            self._asks += 1
            return Due.ASK
        self._ended = True
        return Due.GOODBYE

    def _begin(self, t: float | None) -> None:
        self._asks, self._ended = 0, False
        self._since = None if self._agent_speaks or self._caller_speaks else t
