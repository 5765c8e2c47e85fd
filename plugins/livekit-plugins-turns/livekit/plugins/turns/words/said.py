"""What somebody has said so far, in the form in which the rules read it."""

import math
import re
import unicodedata
from dataclasses import dataclass

_EDGE = " \t\n.,!?…~;:'\"“”‘’()[]-–—、。，？！·*"
_SENTENCE_END = re.compile(r"[.!?…。！？](?=\s)")
_LEAST = 0.01
_MARKS = {"?": 2.0, ".": 0.2, "…": -0.8, ",": -1.2, "": 0.0}
"""What the last mark is worth, in log odds. A recogniser writes a full stop behind almost anything, a question mark
only where the melody rose or the words ask."""


@dataclass(frozen=True)
class Said:
    """A turn's words so far.

    `text`: composed (NFC), without case, single spaces, nothing but words at its ends. `words`: its words, without
    marks at their ends; not empty. `sentence`: those behind the last full stop, question or exclamation mark within.
    `mark`: the last mark, one of "?", ".", "…", "," and "".
    """

    text: str
    words: tuple[str, ...]
    sentence: tuple[str, ...]
    mark: str

    def marked(self, probability: float) -> float:
        """`probability`, moved by what the last mark hints at."""
        return shifted(probability, _MARKS[self.mark])


def said(text: str) -> Said | None:
    """None if `text` holds no letter or digit."""
    plain = " ".join(unicodedata.normalize("NFC", text.casefold()).split())
    bare = plain.strip(_EDGE)
    words = _words(bare)
    if not words:
        return None
    return Said(bare, words, _words(_SENTENCE_END.split(bare)[-1]) or words, _mark(plain[len(plain.rstrip(_EDGE)) :]))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split() if any(map(str.isalnum, word := part.strip(_EDGE))))


def _mark(tail: str) -> str:
    if "?" in tail or "？" in tail:
        return "?"
    if "…" in tail or ".." in tail:
        return "…"
    if re.search(r"[,，、;:–—-]", tail):
        return ","
    return "." if re.search(r"[.!。！]", tail) else ""


def shifted(probability: float, log_odds: float) -> float:
    """`probability` moved by `log_odds`; stays between 0.01 and 0.99."""
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    odds = math.log(bounded / (1 - bounded)) + log_odds
    return min(max(1 / (1 + math.exp(-odds)), _LEAST), 1 - _LEAST)
