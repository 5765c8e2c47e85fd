"""Numbers without a counter in Korean: fractions, ratios, sums, codes, and whatever digits are left."""

import re

from .characters import MARK, apart
from .data import any_of, table
from .korean_counters import COUNTER
from .korean_numerals import NUMBER, said

_DATA = table("korean_numbers")
_CODES: dict[str, str] = _DATA["codes"]
_CODE = re.compile(rf"(?<![A-Za-z\d]){any_of(_CODES)}(?![A-Za-z\d]|[.,]\d)")
_VERSION = re.compile(r"(?<![A-Za-z])(?:[vV]|[vV]er)\.?\s?(?=\d)")
_ITEM_NUMBER = re.compile(r"(?:#|(?<![A-Za-z])[Nn]o\.?)\s?(\d+)(?:번)?(?![\d.])")
_INTO_DIGITS = re.compile(r"(?<=[A-Za-z])-?(?=\d)")
_DOTTED = re.compile(r"(?<![\d.])(?!0\d)\d+(?:\.\d+){2,}(?!\d)")

_EQUATION = re.compile(r"\d\s*=\s*\d")
_OPERATORS: dict[str, str] = _DATA["operators"]
_OPERATOR = re.compile(r"(?<=\d)\s*([+×÷x])\s*(?=\d)")
_OPERATOR_IN_EQUATION = re.compile(r"(?<=\d)\s*([-−/])\s*(?=\d)")
_EQUALS = re.compile(r"(?<=\d)\s*=\s*(?=[-\d])")

_VERSE = re.compile(rf"({any_of(_DATA['bible'])})\s?(\d+):(\d+)(?:\s?[-~]\s?(\d+))?")
_RATIO = re.compile(r"(?<![\d:.])\d+(?:\s?:\s?\d+)+(?![\d:])|(?<![\d:.])\d+\s?대\s?\d+(?!\d)")
_RATIO_SIGN = re.compile(r"\s?[:대]\s?")
_MIXED = re.compile(r"(?<![\d/.])(\d+)\s+(\d+)/(\d+)(?![\d/])")
_FRACTION = re.compile(r"(?<![\d/.])(\d+)\s?/\s?(\d+)(?![\d/])")
_PARTS = re.compile(rf"({NUMBER})\s?분의\s?({NUMBER})")
_POWER = re.compile(r"(?<=\d)\^(\d+)")
_COUNTER_AHEAD = re.compile(COUNTER)
_LEFT = re.compile(rf"(?P<street>로)?(?P<number>{NUMBER})(?P<some>여(?![가-힣]))?")


def read_sums(text: str) -> str:
    """Operators between digits; a hyphen and a slash are operators only where there is an equals sign."""
    if _EQUATION.search(text):
        text = _OPERATOR_IN_EQUATION.sub(lambda match: f"{MARK} {_OPERATORS[match[1]]} ", text)
        text = _EQUALS.sub(f"{MARK}는 ", text)
    text = _OPERATOR.sub(lambda match: f" {_OPERATORS[match[1]]} ", text)
    return _POWER.sub(lambda match: f"의 {said(match[1])} 제곱", text)


def read_codes(text: str) -> str:
    """Digits next to Latin letters: B12, A4, v2.0, No. 5, 1.2.3. And verses, which look like times."""
    text = _VERSE.sub(_verse, text)
    text = _VERSION.sub("버전 ", _CODE.sub(lambda match: _CODES[match[0]] + MARK, text))
    text = _ITEM_NUMBER.sub(lambda match: f"{said(match[1])} 번", text)
    return _DOTTED.sub(lambda match: "점 ".join(said(part) for part in match[0].split(".")) + MARK, text)


def read_ratios(text: str) -> str:
    """Scores and ratios, fractions."""
    text = _RATIO.sub(lambda match: " 대 ".join(said(part) for part in _RATIO_SIGN.split(match[0])) + MARK, text)
    text = _PARTS.sub(lambda match: f"{said(match[1])}분의 {said(match[2])}{MARK}", text)
    text = _MIXED.sub(
        lambda match: f"{said(match[1])}{MARK}과 {said(match[3])}분의 {said(match[2])}{_before_counter(match)}", text
    )
    return _FRACTION.sub(_fraction, text)


def read_left_over(text: str) -> str:
    """Every other number in Sino-Korean."""
    return _LEFT.sub(_left, _INTO_DIGITS.sub(" ", text))


def _verse(match: re.Match[str]) -> str:
    to = f"에서 {said(match[4])}절" if match[4] else ""
    return f"{match[1]} {said(match[2])}장 {said(match[3])}절{to}"


def _fraction(match: re.Match[str]) -> str:
    """1/2 is 이분의 일; 120/80, a blood pressure, 백이십에 팔십."""
    above, below = int(match[1][:9]), int(match[2][:9])
    end = _before_counter(match)
    if above < below:
        return f"{said(match[2])}분의 {said(match[1])}{end}"
    return f"{said(match[1])}{'에' if below >= 30 else ''} {said(match[2])}{end}"


def _before_counter(match: re.Match[str]) -> str:
    return " " if _COUNTER_AHEAD.match(match.string, match.end()) else MARK


def _left(match: re.Match[str]) -> str:
    """종로3가 is a street: its 가 is no particle."""
    follows = match.string[match.end() : match.end() + 1]
    space = "" if match["street"] or follows.isalpha() else apart(match)
    mark = "" if match["street"] and follows == "가" else MARK
    return f"{match['street'] or ''}{space}{said(match['number'])}{match['some'] or ''}{mark}"
