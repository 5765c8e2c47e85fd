"""Local agreement: what two successive hypotheses say alike is taken as said.

Macháček, Dabre, Bojar: Turning Whisper into Real-Time Transcription System, 2023. The last word of a
hypothesis is the least certain, because the audio may end in its middle.
"""

import re
from collections.abc import Sequence

_MANY = 4

_SOUND = re.compile(r"[^\w']+")


def plain(word: str) -> str:
    """A word as it is compared: without case and punctuation, which change as the sentence grows."""
    return _SOUND.sub("", word).lower()


class Agreement:
    """What is stable in one segment's hypotheses."""

    def __init__(self) -> None:
        self._last: list[str] | None = None
        self._first = True
        self.agreed = 0
        """How many words, from the first, the two latest hypotheses have in common."""

    def add(self, words: Sequence[str]) -> None:
        """Takes the next hypothesis."""
        compared = [plain(word) for word in words]
        self._first = self._last is None
        self.agreed = common_prefix(self._last or (), compared)
        self._last = compared

    def shown(self) -> int:
        """How many words of the latest hypothesis to show before the sentence is over.

        One more than is agreed on, but not an uncertain last one. Of the first hypothesis, with which
        nothing can agree yet, all but the last, or the last two of many.
        """
        length = len(self._last or ())
        if self._first:
            return max(0, length - (1 if length < _MANY else 2))
        return max(self.agreed, min(self.agreed + 1, length - 1))


def common_prefix(first: Sequence[str], second: Sequence[str]) -> int:
    """How many elements, from the first, two sequences have in common."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        length += 1
    return length
