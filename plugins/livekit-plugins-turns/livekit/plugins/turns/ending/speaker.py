"""Whoever speaks on a call: their words in this turn, how they pause, and what that makes of a pause."""

import math

from .heard import Heard, Judgement
from .pace import Pace
from .wait import Costs, wait_s

LEARNT_S = (0.3, 2.5)
"""Pauses that are learnt. A shorter one is not told from a noise; after a longer one nobody can tell whether the same
turn went on."""
AT_ONCE_S = 1.0
"""Who speaks so soon after the agent's first sound goes on with their turn: they have not heard yet what it says."""


class Speaker:
    """One person in one call."""

    def __init__(self, *, language: str, pace: Pace, costs: Costs, shortest_s: float, longest_s: float) -> None:
        self.heard = Heard(language)
        self.pace = pace
        self.longest_s = longest_s
        self.agent_heard_at = -math.inf
        """When the agent began to speak after their last turn; infinite while it has not, and long ago where nobody
        says so."""
        self._doubtful_s: float | None = None
        """A pause after which they spoke into the agent's first sounds: it may be an answer, or an echo."""
        self._costs = costs
        self._shortest_s = shortest_s
        self.wait_s(0.5)  # raises for waits that are none

    def judge(self, audio: float | None) -> Judgement:
        """Whether their turn is over, if that is what the sound says."""
        return self.heard.judge(audio)

    def wait_s(self, probability: float) -> float:
        """The wait, from the last speech, at that probability that their turn is over."""
        return wait_s(probability, self.pace, self._costs, shortest_s=self._shortest_s, longest_s=self.longest_s)

    def went_on(self, pause_s: float, *, within_s: float) -> None:
        """They paused for `pause_s` in a turn; had they for `within_s`, it would have been called.

        Learnt where words were heard before: noises, and sounds of listening that somebody else takes out of the
        transcript, have no pace.
        """
        if pause_s >= LEARNT_S[0]:
            self._doubtful_s = None  # what they say now is something new
        if self.heard.text:
            self._learn(pause_s, within_s)

    def was_cut_off(self, pause_s: float, *, at: float) -> None:
        """They went on at `at`, `pause_s` after the last speech of a turn that has been called and answered, too soon.

        Learnt where the agent has not begun to speak. If it just has, it is in doubt until they interrupt it.
        """
        self._doubtful_s = None
        if at < self.agent_heard_at:
            self._learn(pause_s, pause_s)
        elif at - self.agent_heard_at <= AT_ONCE_S:
            self._doubtful_s = pause_s

    def interrupted(self) -> None:
        """They have stopped the agent by what they say, and answer nothing by it."""
        if self._doubtful_s is not None:
            self._learn(self._doubtful_s, self._doubtful_s)
        self._doubtful_s = None

    def over(self, *, agent_heard_at: float) -> None:
        """Their turn is over, or was none."""
        self.heard.over()
        self.agent_heard_at, self._doubtful_s = agent_heard_at, None

    def _learn(self, pause_s: float, within_s: float) -> None:
        if LEARNT_S[0] <= pause_s <= LEARNT_S[1]:
            self.pace = self.pace.learnt(pause_s, within_s=within_s)
