"""When a late answer is preceded by a word of thought, and by which. Pure."""

import random
from collections.abc import Sequence

from .variants import Variants

DUE_S = 1.2
"""From the last word of the turn: whoever said it then begins to wonder whether they were heard."""
BEGINS_S = 0.5
"""From the call of the turn: an answer that was begun in the pause is heard by then, and needs no word before it."""
_TURN_S = 5.0
"""What sounded longer before the call was no part of the turn."""


class Thought:
    """One call's words of thought: never in two answers running, never the same one twice running."""

    def __init__(self, words: Sequence[str], *, due_s: float = DUE_S, rng: random.Random | None = None) -> None:
        """Raises ValueError for fewer than two words."""
        self._words = Variants(words, rng=rng)
        self._word = ""
        self._due_s = due_s
        self._due_at: float | None = None
        self._thought = False
        self._rests = False

    def called(self, t: float, *, spoke_at: float | None = None) -> None:
        """A turn was called at `t`, in seconds: an answer is awaited. `spoke_at`: when the caller was heard last."""
        if self._due_at is None:
            ended_at = spoke_at if spoke_at is not None and t - spoke_at <= _TURN_S else t
            self._due_at = max(ended_at + self._due_s, t + BEGINS_S)
            self._rests, self._thought = self._thought, False

    def over(self) -> None:
        """The answer begins, or is not awaited any more."""
        self._due_at = None

    def due_at(self) -> float | None:
        """When a word is due, if the answer has not begun by then; None: in this answer none is."""
        return None if self._thought or self._rests else self._due_at

    def next(self) -> str:
        """The word that is said now."""
        self._thought = True
        self._word = self._word or self._words.next()
        return self._word

    def said(self, *, heard: bool) -> None:
        """Whether that word was heard. Where it was not, it is due again."""
        if heard:
            self._word = ""
        else:
            self._thought = False
