"""Strings of digits that are no quantity, digit by digit: telephone and account numbers, codes."""

import re

from .data import any_of, table
from .korean_counters import COUNTER
from .korean_numerals import by_digit, said

_DATA = table("korean_phones")
_BETWEEN = r"[-–.)\s]\s?"
_PHONE = re.compile(
    rf"(?<![\d.,-])(?:(?P<country>\+82){_BETWEEN}\(?0?\)?)?\(?"
    rf"(?:(?P<area>(?(country)(?:1\d|[2-6]\d?)|(?:01\d|0[2-7]\d?))){_BETWEEN}(?P<middle>\d{{3,4}})[-–.\s](?P<last>\d{{4}})"
    rf"|(?P<whole>01\d{{8,9}})|(?P<service>1[568]\d\d)[-–](?P<rest>\d{{4}}(?!\s?년)))(?![\d-])"
)
_ACCOUNT = re.compile(r"(?<![\d.,-])\d+(?:-\d+){2,}(?![\d.])")
_SHORT = re.compile(
    rf"(?<![\d.,:/~-]){any_of(_DATA['always'] + _DATA['near_phone'])}"
    rf"(?![\d:/~%]|[.,-]\d|\s?{any_of(_DATA['counters'])})"
)
_NEAR_PHONE = re.compile(any_of(_DATA["phone_words"]))
_NEAR_MEASURE = re.compile(any_of(_DATA["measure_words"]))
_CODE = re.compile(rf"({any_of(_DATA['code_words'])}[가-힣]{{0,2}}\s?:?\s?)(\d{{3,}})(?![\d,.]\d|\s?[번개자명])")
_COUNTER_AHEAD = re.compile(COUNTER)
_HYPHENATED = re.compile(r"(?<![\d.,-])(\d+)-(\d+)(?![\d-]|[.,]\d)")


def read_phones(text: str) -> str:
    """Telephone numbers in groups, other digit strings in one."""
    text = _PHONE.sub(_phone, text)
    text = _ACCOUNT.sub(lambda match: " ".join(by_digit(part) for part in match[0].split("-")), text)
    text = _CODE.sub(lambda match: match[1] + by_digit(match[2]), text)
    return _SHORT.sub(_short, text)


def read_hyphens(text: str) -> str:
    """What a hyphen joins and is no range: house numbers (3-2, 삼 다시 이) and the like."""

    def joined(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        if len(first) <= 6 and len(second) <= 6 and int(first) < int(second) and not second.startswith("0"):
            return match[0]
        if len(first) >= 4 or len(second) >= 4:
            return f"{by_digit(first)} {by_digit(second)}"
        apart = " " if _COUNTER_AHEAD.match(match.string, match.end()) else ""
        return f"{said(first)} 다시 {said(second)}{apart}"

    return _HYPHENATED.sub(joined, text)


def _phone(match: re.Match[str]) -> str:
    if match["whole"]:
        digits = match["whole"]
        groups = [digits[:3], digits[3:-4], digits[-4:]]
    elif match["service"]:
        groups = [match["service"], match["rest"]]
    else:
        groups = [match["area"], match["middle"], match["last"]]
    follows = match.string[match.end() : match.end() + 1]
    country = "플러스 팔이 " if match["country"] else ""
    return country + " ".join(by_digit(group) for group in groups) + (" " if follows == "번" else "")


def _short(match: re.Match[str]) -> str:
    around = match.string[max(0, match.start() - 20) : match.end() + 20]
    before = match.string[max(0, match.start() - 12) : match.start()]
    if _NEAR_MEASURE.search(before) or (match[0] in _DATA["near_phone"] and not _NEAR_PHONE.search(around)):
        return match[0]
    return by_digit(match[0])
