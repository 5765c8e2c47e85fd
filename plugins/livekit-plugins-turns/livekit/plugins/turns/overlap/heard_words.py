"""Which words of a reply were heard, where it was stopped: by how much of its sound was played.

LiveKit tells by the words that it has shown so far, which run behind the sound on a busy machine: 16 of 22.
"""

import re

from livekit.agents import llm

from .playout import Playout
from .spoken import Spoken

_LEARNT_S = 2.0
"""Replies as long as this tell how fast the agent speaks."""


def heard_words(text: str, letters: float) -> str:
    """The beginning of `text` that was said when so many of its letters were.

    Sound is taken to run evenly over letters, and a word to be heard with its middle.
    """
    end = 0
    for word in re.finditer(r"\S+", text):
        size = letters_in(word.group())
        if letters <= size / 2:
            break
        letters -= size
        end = word.end()
    return text[:end]


def letters_in(text: str) -> int:
    """Letters, digits and Korean syllables."""
    return sum(character.isalnum() for character in text)


class HeardWords:
    """Puts right what the history keeps of a reply that was stopped.

    Where all of its sound was made by then, that tells how fast it was said; where not, the last whole reply does.
    """

    def __init__(self, spoken: Spoken, playout: Playout) -> None:
        self._spoken = spoken
        self._playout = playout
        self._usual_rate: float | None = None
        """Letters a second."""
        self._stopped: tuple[str, float] | None = None

    def stop(self) -> None:
        """The reply that plays is about to be stopped."""
        text, length_s = self._spoken.text, self._playout.length_s
        rate = letters_in(text) / length_s if length_s and self._spoken.whole else self._usual_rate
        self._stopped = (text, rate) if rate and self._spoken.from_its_beginning else None

    def correct(self, item: object) -> None:
        """Takes what is added to the history, when it has been played."""
        if not isinstance(item, llm.ChatMessage) or item.role != "assistant":
            return
        stopped, self._stopped = self._stopped, None
        played_s = self._playout.played_s
        if not item.interrupted:
            said = letters_in(item.text_content or "")
            if played_s >= _LEARNT_S and said == letters_in(self._spoken.text):
                self._usual_rate = said / played_s
        elif stopped and (heard := heard_words(stopped[0], played_s * stopped[1])):
            item.content = [heard]
