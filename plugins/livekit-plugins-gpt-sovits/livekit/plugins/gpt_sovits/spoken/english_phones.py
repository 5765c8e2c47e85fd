"""Strings of digits that are no quantity, digit by digit: telephone and account numbers, codes."""

import re

from .data import any_of, table
from .english_numerals import by_digit, room

_DATA = table("english")["digits"]
_NORTH_AMERICAN = re.compile(r"(?<![\w.,-])(?:\+?(1)[-. ])?(\(\d{3}\)\s?|\d{3}[-. ])(\d{3})[-. ](\d{4})(?![\w-])")
_INTERNATIONAL = re.compile(r"\+\d{1,3}(?:[-. ]?\(?\d{1,4}\)?){2,5}(?!\d)")
_LOCAL = re.compile(r"(?<![\w.,$€£-])0\d{2,4}[ -]\d{3,4}[ -]\d{3,4}(?![\w-])|(?<![\w.,$€£-])\d{3}-\d{4}(?![\w-])")
_CHAIN = re.compile(r"(?<![\w.,-])\d+(?:-\d+){2,}(?![\w-])")
_EMERGENCY = re.compile(rf"(?<![\w.,:/$€£-]){any_of(_DATA['emergency'])}(?![\w%°:/-]|[.,]\d)")
_NEAR_PHONE = re.compile(rf"\b{any_of(_DATA['phone_words'])}", re.IGNORECASE)
_CODE = re.compile(rf"(\b{any_of(_DATA['code_words'])}(?: is| number|:)?:? )(\d{{3,}})(?![\d,.]\d)", re.IGNORECASE)
_ROOM = re.compile(
    rf"(\b{any_of(_DATA['room_words'])}\.?(?: number| no\.)? ?)#?(\d{{3,4}})(?![\d,.:/%-]\d|\d)", re.IGNORECASE
)


def read_phones(text: str) -> str:
    """Telephone numbers, with a pause after each group, and other digit strings."""
    text = _NORTH_AMERICAN.sub(lambda match: _grouped(" ".join(group for group in match.groups() if group)), text)
    text = _INTERNATIONAL.sub(lambda match: " plus " + _grouped(match[0]), text)
    text = _CHAIN.sub(lambda match: _grouped(match[0]), _LOCAL.sub(lambda match: _grouped(match[0]), text))
    text = _CODE.sub(lambda match: match[1] + by_digit(match[2]), text)
    text = _ROOM.sub(lambda match: match[1] + room(match[2]), text)
    return _EMERGENCY.sub(_emergency, text)


def _grouped(written: str) -> str:
    return ", ".join(by_digit(group) for group in re.findall(r"\d+", written))


def _emergency(match: re.Match[str]) -> str:
    around = match.string[max(0, match.start() - 30) : match.end() + 30]
    if match[0] in _DATA["always"] or _NEAR_PHONE.search(around):
        return by_digit(match[0])
    return match[0]
