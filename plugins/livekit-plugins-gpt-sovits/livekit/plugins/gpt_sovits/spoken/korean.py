"""Korean as a speaker from Seoul reads it aloud."""

import re
from unicodedata import normalize

from .addresses import said as said_addresses
from .characters import MARK
from .data import any_of, table
from .korean_counters import read_counters
from .korean_dates import read_calendar, read_clock
from .korean_letters import read_letters, undotted
from .korean_numbers import read_codes, read_left_over, read_ratios, read_sums
from .korean_particles import agreed
from .korean_phones import read_hyphens, read_phones
from .korean_ranges import read_ranges
from .korean_units import read_signs, read_units
from .tidy import marked_particles, sentences_apart, swept

_DATA = table("korean_symbols")
_SYMBOLS: dict[str, str] = _DATA["symbols"]
_PHRASES: dict[str, str] = _DATA["phrases"]
_SYMBOL = re.compile(any_of(_SYMBOLS))
_WITHIN_LETTERS = re.compile(r"(?<=[A-Z])&(?=[A-Z])")
_PHRASE = re.compile(rf"(?<![A-Za-z'-]){any_of(_PHRASES)}", re.IGNORECASE)
_PLUS = re.compile(r"\+")
_PHRASES_BY_CASE = {phrase.lower(): words for phrase, words in _PHRASES.items()}


def korean(text: str) -> str:
    """`text`, without mark-up, in Hangul, with nothing left to guess but Latin words.

    The order of the rules matters: each takes the digits it knows and leaves words, so the special come first.
    """
    text = said_addresses(marked_particles(text), "ko", end=MARK)
    for rule in _RULES:
        text = rule(text)
    text = _PHRASE.sub(_phrase, swept(_read_symbols(undotted(text))))
    return normalize("NFC", sentences_apart(agreed(read_letters(text))))


_RULES = (
    read_calendar,
    read_codes,
    read_sums,
    read_phones,
    read_clock,
    read_hyphens,
    read_ranges,
    read_signs,
    read_ratios,
    read_units,
    read_counters,
    read_left_over,
)


def _phrase(match: re.Match[str]) -> str:
    follows = match.string[match.end() : match.end() + 1]
    return _PHRASES_BY_CASE[match[0].lower()] + (" " if follows.isalnum() else "")


def _read_symbols(text: str) -> str:
    text = _PLUS.sub(" 플러스 ", _WITHIN_LETTERS.sub("앤", text))
    return _SYMBOL.sub(lambda match: f" {_SYMBOLS[match[0]]} ", text)
