"""Korean numerals: Sino-Korean by num2words, native ones and digits by table."""

import re
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from num2words import num2words  # type: ignore[import-untyped]  # it has no types

from .data import any_of, table

_DATA = table("korean_numerals")
_UNITS: list[str] = _DATA["native_units"]
_TENS: list[str] = _DATA["native_tens"]
_DIGITS: str = _DATA["digits"]
_MULTIPLIERS = {sign: Decimal(10) ** power for sign, power in _DATA["multipliers"].items()}
_LONGEST = 16  # digits; what is longer is no quantity

PLAIN = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
"""A number in digits, with or without commas and decimals."""
_MULTIPLIER = rf"(?:[십백천]?[만억조]|[백천])(?!{any_of(_DATA['not_multipliers'])})"
NUMBER = rf"(?<!\d)(?:(?:{PLAIN}\s?{_MULTIPLIER}\s?){{1,4}}(?:(?<=\s|[가-힣])\d+(?![\d.:,]))?(?<!\s)|{PLAIN})"
"""A number as Koreans write it: 3만 5천, 1억 2000만, 1,250,000, 36.5."""
_PART = re.compile(rf"({PLAIN})\s?([십백천만억조]*)")
_INNER_MAN = re.compile(r"(?<= )만(?= |$)")


@lru_cache(maxsize=4096)
def sino(number: int) -> str:
    """12000 as 만 이천. After a greater unit 만 is 일만, as it is said: 일억 일만."""
    return _INNER_MAN.sub("일만", num2words(number, lang="ko"))


def native(number: int) -> str:
    """1 to 99 as they stand before a counter: 한, 스무, 스물한."""
    if number == 20:
        return str(_DATA["twenty"])
    return _TENS[number // 10] + _UNITS[number % 10]


def by_digit(written: str, *, zero: str = "공") -> str:
    """Each digit for itself, 0 as in telephone numbers; what is no digit is left out."""
    names = zero + _DIGITS
    return "".join(names[int(digit)] for digit in written if digit.isdecimal())


def _amounts(written: str) -> list[Decimal]:
    """The values of the parts of a `NUMBER` without commas: 3만 5천 is 30000 and 5000."""
    values = []
    for digits, signs in _PART.findall(written):
        amount = Decimal(digits)
        for sign in signs:
            amount *= _MULTIPLIERS[sign]
        values.append(amount)
    return values


def said(written: str) -> str:
    """A `NUMBER` in Sino-Korean. A leading zero or more than 16 digits are read digit by digit."""
    digits = written.replace(",", "")
    if digits.replace(".", "", 1).isdecimal():
        return _plain(digits)
    parts = _amounts(digits)
    if any(greater <= smaller for greater, smaller in pairwise(parts)):  # several numbers, not one in parts
        return " ".join(_plain(format(part.normalize(), "f")) for part in parts)
    return _plain(format(sum(parts, Decimal(0)).normalize(), "f"))


def _plain(digits: str) -> str:
    whole, _, decimals = digits.partition(".")
    if decimals:
        head = by_digit(whole) if len(whole) > _LONGEST else sino(int(whole))
        return f"{head}점 {by_digit(decimals, zero='영')}"
    if (len(digits) > 1 and digits[0] == "0") or len(digits) > _LONGEST:
        return by_digit(digits)
    return sino(int(digits))
