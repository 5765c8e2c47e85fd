"""What the agent's last words asked for: it decides what counts as a whole answer."""

import re
from enum import StrEnum

from .data import table
from .said import said


class Asked(StrEnum):
    """The kind of answer that is awaited."""

    NONE = "none"
    """Nothing was asked."""
    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    """An amount, an age, a count."""
    DATE = "date"
    """A day, a time of day, a year."""
    PHONE = "phone"
    """A telephone number, given digit by digit."""
    DIGITS = "digits"
    """Another number given digit by digit, of unknown length."""
    NAME = "name"
    FACT = "fact"
    """Who, what or where: a word or two are enough."""
    REASON = "reason"
    OPEN = "open"
    """A story, a feeling, an opinion."""


SHORT_ANSWER = frozenset({Asked.CHOICE, Asked.NUMBER, Asked.DATE, Asked.NAME, Asked.FACT})
"""A fragment answers these in full."""


def _patterns(language: str) -> list[tuple[Asked, re.Pattern[str]]]:
    return [(Asked(kind), re.compile(pattern)) for kind, pattern in table(language)["asked"].items()]


_PATTERNS = {"ko": _patterns("korean"), "en": _patterns("english")}
_SENTENCE = re.compile(r"(?<=[.!?。？！…])\s+")


def what_was_asked(agent: str, language: str) -> Asked:
    """What the agent's last words ask for: by its last question, or request, in the last two sentences.

    `agent`: what it said last; `language`: an ISO 639-1 code, with or without a region. NONE where the language is
    neither Korean nor English.
    """
    patterns = _PATTERNS.get(primary(language), [])
    for sentence in reversed(_SENTENCE.split(agent.strip())[-2:]):
        words = said(sentence)
        if words is None:
            continue
        question = words.text + ("?" if words.mark == "?" else "")
        for kind, pattern in patterns:
            if pattern.search(question):
                return kind
    return Asked.NONE


def primary(language: str) -> str:
    """The first part of a language code: "ko" of "ko-KR"."""
    return re.split(r"[-_]", language.strip().casefold(), maxsplit=1)[0]
