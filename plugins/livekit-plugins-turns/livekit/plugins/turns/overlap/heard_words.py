"""Which words of a reply were heard, where it was stopped: by how much of its sound was played.

LiveKit tells by the words that it has shown so far, which run behind the sound on a busy machine: 16 of 22.
"""

import re

from livekit.agents import llm

from .playout import Playout
from .spoken import Spoken


def heard_words(text: str, heard: float) -> str:
    """The beginning of `text` that was said when `heard` of its sound, 0 to 1, was.

    Sound is taken to run evenly over letters, and a word to be heard with its middle.
    """
    left = heard * _letters(text)
    end = 0
    for word in re.finditer(r"\S+", text):
        letters = _letters(word.group())
        if left <= letters / 2:
            break
        left -= letters
        end = word.end()
    return text[:end]


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


class HeardWords:
    """Puts right what the history keeps of a reply that was stopped, where all of its sound was made by then."""

    def __init__(self, spoken: Spoken, playout: Playout) -> None:
        self._spoken = spoken
        self._playout = playout
        self._stopped: tuple[str, float] | None = None

    def stop(self) -> None:
        """The reply that plays is about to be stopped."""
        length_s = self._playout.length_s
        self._stopped = (self._spoken.text, length_s) if length_s and self._spoken.whole else None

    def correct(self, item: object) -> None:
        """Takes what is added to the history."""
        if self._stopped is None or not isinstance(item, llm.ChatMessage) or item.role != "assistant":
            return
        (text, length_s), self._stopped = self._stopped, None
        if item.interrupted and (heard := heard_words(text, self._playout.played_s / length_s)):
            item.content = [heard]
