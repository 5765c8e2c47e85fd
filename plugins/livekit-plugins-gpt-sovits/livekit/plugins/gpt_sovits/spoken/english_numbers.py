"""The other numbers in English: ordinals, fractions, ranges, sums, codes, and whatever digits are left."""

import re

from .data import table
from .english_numerals import PLAIN, cardinal, ordinal, said, year

_DATA = table("english")
_FIXED: dict[str, str] = _DATA["fixed"]
_OPERATORS: dict[str, str] = _DATA["operators"]

_EQUATION = re.compile(r"\d\s*=\s*\d")
_OPERATOR = re.compile(r"(?<=\d)\s*([+×÷x=])\s*(?=\d)")
_OPERATOR_IN_EQUATION = re.compile(r"(?<=\d)\s*([-−/])\s*(?=\d)")
_POWER = re.compile(r"(?<=\d)\^(\d+)")
_FIXED_NUMBER = re.compile(rf"(?<![\w./]){'|'.join(re.escape(text) for text in _FIXED)}(?![\w/])")
_VERSION = re.compile(r"\b[vV](?:er)?\.?\s?(?=\d)")
_NUMBER_SIGN = re.compile(r"(?:#\s?|\b[Nn]os?\.\s?)(?=\d)")
_DOTTED = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)")
_TIMES = re.compile(r"(?<![\w.,])(\d+)[x×](?![\w×])")
_OFTEN = {"1": "once", "2": "twice"}
_ORDINAL = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:st|nd|rd|th)\b", re.IGNORECASE)
_MIXED = re.compile(r"(?<![\d/.,])(\d+)\s+(\d+)/(\d+)(?![\d/])")
_FRACTION = re.compile(r"(?<![\d/.,])(\d+)\s?/\s?(\d+)(?![\d/])")
_RANGE = re.compile(rf"({PLAIN}(?:\s?(?:%|°[CF]?|km|kg|cm|mm|mg|ml|m|g)(?![A-Za-z]))?)(?:\s?[–~∼]\s?|\s-\s|-)(?=\d)")
_ABOUT = re.compile(r"(?<![\w.])[~∼≈]\s?(?=\d)")
_SIGN = re.compile(r"(?<![\w)])([-−+])(?=\d)")
_INTO_DIGITS = re.compile(r"(?<=[A-Za-z])-?(?=\d)|(?<=\d)(?=[A-Za-z])")
_YEAR = re.compile(r"(?<![\d.,])(1[1-9]\d\d|20\d\d)(?![\d]|[.,]\d)")
_LEFT = re.compile(PLAIN)
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_LARGEST_DENOMINATOR = 12


def read_sums(text: str) -> str:
    """Operators between digits; a hyphen and a slash are operators only where there is an equals sign."""
    text = _FIXED_NUMBER.sub(lambda match: _FIXED[match[0]], text)
    if _EQUATION.search(text):
        text = _OPERATOR_IN_EQUATION.sub(lambda match: f" {_OPERATORS[match[1]]} ", text)
    text = _OPERATOR.sub(lambda match: f" {_OPERATORS[match[1]]} ", text)
    return _POWER.sub(lambda match: f" to the power of {said(match[1])}", text)


def read_marked(text: str) -> str:
    """Numbers that carry a mark: #1, No. 5, v2.0, 1.2.3, 2x, 1st, 1/2."""
    text = _NUMBER_SIGN.sub("number ", _VERSION.sub("version ", text))
    text = _DOTTED.sub(lambda match: " point ".join(said(part) for part in match[0].split(".")), text)
    text = _TIMES.sub(lambda match: _OFTEN.get(match[1]) or f"{said(match[1])} times", text)
    text = _ORDINAL.sub(lambda match: ordinal(int(match[1].replace(",", ""))), text)
    text = _MIXED.sub(lambda match: f"{said(match[1])} and {_fraction(match[2], match[3], mixed=True)}", text)
    return _FRACTION.sub(lambda match: _fraction(match[1], match[2]), text)


def read_ranges(text: str) -> str:
    """3-4 as 3 to 4, ~5 as about 5, -5 as minus 5; the numbers stay for other rules."""
    text = _RANGE.sub(r"\1 to ", _ABOUT.sub("about ", text))
    return _SIGN.sub(lambda match: "plus " if match[1] == "+" else "minus ", text)


def read_left_over(text: str) -> str:
    """Every other number; four digits without a comma from 1100 to 2099 as years are said."""
    text = _INTO_DIGITS.sub(" ", text)
    text = _YEAR.sub(lambda match: year(int(match[1])), text)
    return _LEFT.sub(lambda match: said(match[0]), text)


def _fraction(above: str, below: str, *, mixed: bool = False) -> str:
    """1/2 one half, 3/4 three quarters, 120/80 one hundred and twenty over eighty."""
    top, bottom = int(above[:15]), int(below[:15])
    if not 0 < top < bottom or bottom == 1:
        return f"{said(above)} over {said(below)}" if top != bottom else f"{said(above)} {said(below)}"
    if bottom > _LARGEST_DENOMINATOR and bottom not in (16, 20, 32, 64, 100, 1000):
        return f"{said(above)} {said(below)}"
    singular, plural = _DENOMINATORS.get(bottom) or (ordinal(bottom), ordinal(bottom) + "s")
    if mixed and top == 1:
        return f"a{'n' if singular[0] == 'e' else ''} {singular}"
    return f"{cardinal(top)} {singular if top == 1 else plural}"
