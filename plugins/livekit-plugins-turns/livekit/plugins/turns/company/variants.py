"""Ways to say the same."""

import random
from collections.abc import Sequence


class Variants:
    """Gives one of several texts at a time, at random, never the same twice running."""

    def __init__(self, texts: Sequence[str], *, rng: random.Random | None = None) -> None:
        """Raises ValueError for fewer than two different texts."""
        self._texts = tuple(dict.fromkeys(texts))
        if len(self._texts) < 2:
            raise ValueError("there must be two different texts at least")
        self._rng = rng or random.Random()
        self._last = ""

    def next(self) -> str:
        self._last = self._rng.choice([text for text in self._texts if text != self._last])
        return self._last
