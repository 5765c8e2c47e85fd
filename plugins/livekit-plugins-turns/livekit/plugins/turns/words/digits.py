"""Numbers given digit by digit, and whether one is long enough to be whole.

Lengths are those of the numbering plans: Korea (mobile 010 and 8 digits, Seoul 02 and 7 or 8, other areas three digits
and 7 or 8, service numbers 15xx to 18xx with 8), North America (7, 10, or 11 with the country's 1), Britain (0 and 10,
in some places 9).
"""

import re
from collections.abc import Sequence

from .asked import Asked

_KOREAN = dict(zip("공영일이삼사오육륙칠팔구", "001234566789", strict=True)) | {"하나": "1", "둘": "2"}
_KOREAN_WORD = re.compile(
    r"((?:[공영일이삼사오육륙칠팔구]|하나|둘|[0-9]|[-.](?=[0-9]))+)"
    r"(국?에다?|의|다시|국|번?(?:이에요|예요|이요|요|입니다)|번)?"
)
_KOREAN_DIGIT = re.compile(r"하나|둘|[공영일이삼사오육륙칠팔구0-9]")
_JOINS = {"에", "에다", "국에", "국에다", "국", "의", "다시"}
_ENGLISH = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_BETWEEN = {"then", "and", "um", "uh", "er", "dash"}
_TIMES = {"double": 2, "triple": 3}
_WRITTEN = re.compile(r"\+?[0-9]+(?:[-.][0-9]+)*")

_CUT = 0.05
_WHOLE = 0.95
_UNKNOWN = 0.4


def dictated_korean(words: Sequence[str], asked: Asked) -> float | None:
    """Probability that the number at the end of `words` is whole; None if none is being dictated there."""
    digits, count, joins = "", 0, False
    for word in reversed(words):
        match = _KOREAN_WORD.fullmatch(word)
        if match is None:
            break
        joins = joins or (count == 0 and match[2] in _JOINS)
        digits = "".join(_KOREAN.get(digit, digit) for digit in _KOREAN_DIGIT.findall(match[1])) + digits
        count += 1
    named = any("번호" in word for word in words)
    if not _is_dictated(digits, count, asked, named):
        return None
    if joins:
        return _CUT
    return _any_length(digits) if asked is Asked.DIGITS else _korean_length(digits)


def dictated_english(words: Sequence[str], asked: Asked) -> float | None:
    """Probability that the number at the end of `words` is whole; None if none is being dictated there."""
    digits, count, before = "", 0, ("", "")
    for at, word in reversed(list(enumerate(words))):
        if word in _BETWEEN and digits and asked in (Asked.PHONE, Asked.DIGITS):
            continue
        if word in _TIMES and digits:
            digits = digits[0] * (_TIMES[word] - 1) + digits
        elif word in _ENGLISH:
            digits = _ENGLISH[word] + digits
        elif _WRITTEN.fullmatch(word):
            digits = re.sub(r"[^0-9]", "", word) + digits
        else:
            before = (words[at - 1] if at else "", word)
            break
        count += 1
    of_a_house = before == ("at", "number") and len(digits) <= 3
    if not _is_dictated(digits, count, asked, "number" in words and not of_a_house):
        return None
    return _any_length(digits) if asked is Asked.DIGITS else _english_length(digits)


def _is_dictated(digits: str, count: int, asked: Asked, named: bool) -> bool:
    """Whether `digits`, given in `count` words, are told one by one rather than as an amount."""
    if asked in (Asked.PHONE, Asked.DIGITS):
        return bool(digits)
    if named and len(digits) >= 2:
        return True
    return len(digits) >= 7 or (len(digits) >= 3 and (digits[0] == "0" or count >= 3))


def _any_length(digits: str) -> float:
    """Of a number of unknown length, four digits may be all: a card's code, a short customer number."""
    return _UNKNOWN if len(digits) >= 4 else _CUT


def _korean_length(digits: str) -> float:
    size = len(digits)
    if digits.startswith("01"):
        least, full = 11, 11
    elif digits.startswith("02"):
        least, full = 9, 10
    elif digits.startswith("0"):
        least, full = 10, 11
    elif digits[:2] in {"15", "16", "18"}:
        least, full = 8, 8
    else:
        least, full = 7, 8
    if size < least:
        return _CUT
    return _WHOLE if size >= full else 0.7


def _english_length(digits: str) -> float:
    size = len(digits)
    if digits.startswith("0"):
        return _WHOLE if size >= 11 else 0.6 if size == 10 else _CUT
    if digits.startswith("1") and size <= 10:
        return 0.6 if size == 10 else _CUT
    return _WHOLE if size >= 10 else 0.8 if size == 7 else _CUT
