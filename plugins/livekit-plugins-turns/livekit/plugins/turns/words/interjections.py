"""Which words somebody says only to show that they listen, and which claim the turn."""

import re
import unicodedata
from enum import Enum, auto
from functools import cache
from itertools import groupby

from .asked import primary
from .data import table


class Reading(Enum):
    """What words over the agent's speech are, by themselves."""

    NOTHING = auto()
    """No word: empty, a mark, a described sound such as "[laughter]"."""
    LISTENING = auto()
    """Words of listening, laughter, a cough; nothing else."""
    BEGINNING = auto()
    """The beginning of such a word: it may still become one."""
    ORDER = auto()
    """Words that claim the turn, however short they are: "wait", "그런데"."""
    WORDS = auto()
    """Any others."""


_DESCRIBED = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
_STRETCHED = re.compile(r"(.)\1+")
_LAUGHTER = re.compile(r"(.{2,3}?|[ㄱ-ㅎ가-힣])\1{3,}")
"""As recognisers write it: "ohohohohoho"."""
_LAUGH = "ha"
_LOOP = 4
"""A word so often in a row is a recogniser's loop."""
_REPEATED = re.compile(r"(.{1,4}?)\1+")


def reading(text: str, language: str) -> Reading:
    """What `text` is, in a language given by its ISO 639-1 code; of others than Korean and English, WORDS at least."""
    tokens = _tokens(text, primary(language))
    if not tokens:
        return Reading.NOTHING
    lists = _lists(primary(language))
    if lists is None:
        return Reading.WORDS
    return lists.read(tokens)


class _Lists:
    """One language's words. Korean is compared by its letters, for its words run together."""

    def __init__(self, language: str) -> None:
        data = table("interjections")[language]
        self._together = language == "ko"
        self._listening = {tuple(_tokens(phrase, language)) for phrase in data["listening"]}
        self._misheard = {tuple(_tokens(phrase, language)) for phrase in data["misheard"]}
        self._orders = tuple(token for phrase in data["orders"] for token in _tokens(phrase, language))
        self._longest = max(map(len, self._listening))
        self._listening.add((_LAUGH,))
        self._joined = {"".join(phrase) for phrase in self._listening}
        self._longest_joined = max(map(len, self._joined))

    def read(self, tokens: tuple[str, ...]) -> Reading:
        if self._listens(tokens) or all((token,) in self._misheard for token in tokens) or tokens in self._misheard:
            return Reading.LISTENING
        if self._orders_something(tokens):
            return Reading.ORDER
        return Reading.BEGINNING if self._may_listen(tokens) else Reading.WORDS

    def _orders_something(self, tokens: tuple[str, ...]) -> bool:
        # Only words of listening may come before.
        for place, token in enumerate(tokens[:4]):
            if (token.startswith(self._orders) if self._together else token in self._orders) and (
                place == 0 or self._listens(tokens[:place])
            ):
                return True
        return False

    def _listens(self, tokens: tuple[str, ...]) -> bool:
        return len(tokens) in self._reached(tokens)

    def _reached(self, tokens: tuple[str, ...]) -> set[int]:
        """Up to which tokens, or letters, words of listening can be strung together."""
        reached = {0}
        for end in range(1, len(tokens) + 1):
            if self._together:
                if end - 1 in reached and self._strung(tokens[end - 1]):
                    reached.add(end)
            elif any(
                end - size in reached and tokens[end - size : end] in self._listening
                for size in range(1, min(self._longest, end) + 1)
            ):
                reached.add(end)
        return reached

    def _strung(self, letters: str) -> bool:
        return len(letters) in self._places(letters)

    def _places(self, letters: str) -> set[int]:
        reached = {0}
        for end in range(1, len(letters) + 1):
            sizes = range(1, min(self._longest_joined, end) + 1)
            if any(end - size in reached and letters[end - size : end] in self._joined for size in sizes):
                reached.add(end)
        return reached

    def _may_listen(self, tokens: tuple[str, ...]) -> bool:
        if self._together:
            rest = {tokens[-1][place:] for place in self._places(tokens[-1])} if self._listens(tokens[:-1]) else set()
            return any(phrase.startswith(left) for left in rest for phrase in self._joined if left)
        return any(
            " ".join(phrase).startswith(" ".join(tokens[place:]))
            for place in self._reached(tokens)
            for phrase in self._listening
            if place < len(tokens)
        )


@cache
def _lists(language: str) -> _Lists | None:
    return _Lists(language) if language in table("interjections") else None


def _tokens(text: str, language: str) -> tuple[str, ...]:
    """Words in one case, without marks, described sounds, stretching and repeats within; Korean as single letters."""
    plain = _DESCRIBED.sub(" ", unicodedata.normalize("NFC", text.casefold())).replace("'", "").replace("’", "")
    words = re.findall(r"[^\W_]+", plain.replace("-", "" if language == "en" else " "))
    once = (unicodedata.normalize("NFD", _once(word)) for word in words)
    said: list[str] = []
    for word, same in groupby(once):
        count = sum(1 for _ in same)
        said += [word] * (1 if count >= _LOOP else count)
    return tuple(said)


def _once(word: str) -> str:
    laughter = _LAUGHTER.search(word)
    if laughter and 2 * len(laughter[0]) > len(word):
        return _LAUGH
    word = _STRETCHED.sub(r"\1", word)
    repeated = _REPEATED.fullmatch(word)
    return repeated[1] if repeated else word
