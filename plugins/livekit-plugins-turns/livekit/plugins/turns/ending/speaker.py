"""Whoever speaks on a call: their words in this turn, how they pause, and what that makes of a pause."""

from .heard import Heard, Judgement
from .pace import Pace
from .wait import Costs, wait_s

LEARNT_S = (0.3, 2.5)
"""Pauses that are learnt. A shorter one is not told from a noise; after a longer one nobody can tell whether the same
turn went on."""


class Speaker:
    """One person in one call."""

    def __init__(self, *, language: str, pace: Pace, costs: Costs, shortest_s: float, longest_s: float) -> None:
        self.heard = Heard(language)
        self.pace = pace
        self.longest_s = longest_s
        self.agent_heard = True
        """Whether the agent has begun to speak since their last turn; True where nobody says so."""
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
        if self.heard.text:
            self._learn(pause_s, within_s)

    def was_cut_off(self, pause_s: float) -> None:
        """They went on `pause_s` after the last speech of a turn that has been called and answered, too soon.

        Learnt where the agent has not begun to speak: after that it may be an answer, or an echo.
        """
        if not self.agent_heard:
            self._learn(pause_s, pause_s)

    def _learn(self, pause_s: float, within_s: float) -> None:
        if LEARNT_S[0] <= pause_s <= LEARNT_S[1]:
            self.pace = self.pace.learnt(pause_s, within_s=within_s)
