"""When a late answer is preceded by a word of thought, and by which. Pure."""

import random
from collections.abc import Sequence

from .variants import Variants

DUE_S = 1.2
"""From the end of the turn: a listener then begins to wonder whether they were heard."""


class Thought:
    """One call's words of thought: never in two answers running, never the same one twice running."""

    def __init__(self, words: Sequence[str], *, due_s: float = DUE_S, rng: random.Random | None = None) -> None:
        """Raises ValueError for fewer than two words."""
        self._words = Variants(words, rng=rng)
        self._due_s = due_s
        self._called_at: float | None = None
        self._thought = False
        self._rests = False

    def called(self, t: float) -> None:
        """A turn was called at `t`, in seconds: an answer is awaited."""
        if self._called_at is None:
            self._called_at = t
            self._rests, self._thought = self._thought, False

    def over(self) -> None:
        """The answer begins, or is not awaited any more."""
        self._called_at = None

    def due_at(self) -> float | None:
        """When a word is due, if the answer has not begun by then; None: in this answer none is."""
        if self._called_at is None or self._thought or self._rests:
            return None
        return self._called_at + self._due_s

    def next(self) -> str:
        """The word that is said now."""
        self._thought = True
        return self._words.next()
