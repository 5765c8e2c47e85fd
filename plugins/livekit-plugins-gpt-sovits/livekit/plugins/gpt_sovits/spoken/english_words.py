"""English abbreviations and signs in words."""

import re

from .data import any_of, table
from .english_numerals import cardinal, ordinal

_DATA = table("english")
_TITLES: dict[str, str] = _DATA["titles"]
_SHORT: dict[str, str] = {short.lower(): words for short, words in _DATA["abbreviations"].items()}
_SYMBOLS: dict[str, str] = _DATA["symbols"]
_SPELLED = frozenset(_DATA["spelled"])

_TITLE = re.compile(rf"\b({any_of(_TITLES)})(?:\.|(?=\s[A-Z]))")
_ROAD = re.compile(
    r"(?P<name>\b(?:[A-Z][a-z]+|\d+(?:st|nd|rd|th)) )(?P<road>St|Ave|Rd|Blvd|Ln)\b\.?+(?!\s[A-Z])"
    r"|(?P<numbered>\b\d+ (?:[A-Z][a-z]+ ){1,2})Dr\b\.?+(?!\s[A-Z])"
)
_ROADS: dict[str, str] = _DATA["roads"]
_ABBREVIATION = re.compile(
    rf"(?<!\w)(?:{any_of(short for short in _SHORT if short.endswith('.'))}"
    rf"|{any_of(short for short in _SHORT if not short.endswith('.'))}(?![\w.]\w|\w))",
    re.IGNORECASE,
)
_NUMERALS: dict[str, int] = _DATA["roman"]["numerals"]
_RULERS = frozenset(_DATA["roman"]["rulers"])
_ROMAN = re.compile(
    rf"\b(?P<name>{any_of([*_RULERS, *_DATA['roman']['counted']])}) (?P<number>{any_of(_NUMERALS)})(?![\w'-])"
)
_WITH = re.compile(r"(?<!\w)w/(o\b)?\s?", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![\w.])[A-Z](?:\.[A-Z])+(?:\.(?!\w))?(?!\w)")
_CAPITALS = re.compile(r"(?<![\w'-])[A-Z]{2,8}(?![\w'-])")
_LOWER = re.compile(r"[a-z]")
_EITHER = re.compile(r"(?<=[a-z])\s?/\s?(?=[a-z])")
_SYMBOL = re.compile(any_of(_SYMBOLS))
_LONGEST_CONSONANTS = 5
_TOPICS = re.compile(r"(?<!\w)#(?=[A-Za-z])")


def read_abbreviations(text: str) -> str:
    """Dr., St., e.g. and the like."""
    text = _ROMAN.sub(_roman, _ROAD.sub(_road, text))
    text = _TITLE.sub(lambda match: _TITLES[match[1]], text)
    text = _ABBREVIATION.sub(_in_full, text)
    return _WITH.sub(lambda match: "without " if match[1] else "with ", text)


def read_symbols(text: str) -> str:
    """Signs in words; a slash between words is "or"."""
    text = _EITHER.sub(" or ", text.replace("and/or", "and or"))
    return _SYMBOL.sub(lambda match: f" {_SYMBOLS[match[0]]} ", _TOPICS.sub("", text))


def undotted(text: str) -> str:
    """U.S. as U S."""
    return _DOTTED.sub(_without_stops, text)


def read_capitals(text: str) -> str:
    """Abbreviations that a voice would take for a word, letter by letter; others stay (TV, BBC, NASA)."""
    if not _LOWER.search(text):  # all in capitals: US may be the word
        return text
    return _CAPITALS.sub(lambda match: " ".join(match[0]) if _is_spelled(match[0]) else match[0], text)


def _ends_text(match: re.Match[str]) -> str:
    """A full stop, where that of an abbreviation also ends the text."""
    return "." if match[0].endswith(".") and not match.string[match.end() :].strip() else ""


def _road(match: re.Match[str]) -> str:
    return (match["name"] or match["numbered"]) + _ROADS[match["road"] or "Dr"] + _ends_text(match)


def _roman(match: re.Match[str]) -> str:
    name, number = match["name"], _NUMERALS[match["number"]]
    return f"{name} the {ordinal(number)}" if name in _RULERS else f"{name} {cardinal(number)}"


def _in_full(match: re.Match[str]) -> str:
    follows = match.string[match.end() : match.end() + 1]
    return _SHORT[match[0].lower()] + _ends_text(match) + (" " if follows.isalnum() else "")


def _without_stops(match: re.Match[str]) -> str:
    return " ".join(match[0].replace(".", "")) + _ends_text(match)


def _is_spelled(word: str) -> bool:
    return word in _SPELLED or (3 < len(word) <= _LONGEST_CONSONANTS and not set(word) & set("AEIOUY"))
