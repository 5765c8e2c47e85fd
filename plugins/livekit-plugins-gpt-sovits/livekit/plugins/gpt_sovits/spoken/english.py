"""English as it is read aloud."""

from unicodedata import normalize

from .addresses import said as said_addresses
from .english_dates import read_clock, read_dates
from .english_numbers import read_left_over, read_marked, read_ranges, read_sums
from .english_phones import read_phones
from .english_units import read_lone_units, read_money, read_units
from .english_words import read_abbreviations, read_capitals, read_symbols, undotted
from .tidy import sentences_apart, swept


def english(text: str) -> str:
    """`text`, without mark-up, in words.

    The order of the rules matters: each takes the digits it knows and leaves words, so the special come first.
    """
    text = said_addresses(text.replace("’", "'").replace("‘", "'"), "en", end="")
    for rule in _RULES:
        text = rule(text)
    text = read_abbreviations(sentences_apart(swept(text)))  # again, for sweeping uncovers some
    return normalize("NFC", read_capitals(read_lone_units(text)))


_RULES = (
    read_abbreviations,
    read_dates,
    read_sums,
    read_phones,
    read_clock,
    read_marked,
    read_money,
    read_ranges,
    read_units,
    read_left_over,
    read_symbols,
    undotted,
)
