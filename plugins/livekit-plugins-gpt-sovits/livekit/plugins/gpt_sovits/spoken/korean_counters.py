"""Numbers with a counter: which numerals it takes is in `counters.toml`.

Native numerals count things, people, hours and age in 살; Sino-Korean ones do the rest. Above the counter's limit, and
from a hundred on, Sino-Korean takes over, save for the last digit: 101명 is 백한 명.
"""

import re

from .characters import apart
from .data import any_of, table
from .korean_dates import month
from .korean_numerals import NUMBER, native, said, sino

_DATA = table("counters")
_PLACES: dict[str, str] = table("korean_numerals")["place"]
_BEON, _BUN = _DATA["beon"], _DATA["bun"]
NATIVE: dict[str, int] = {counter: group["up_to"] for group in _DATA["native"] for counter in group["counters"]}
"""Counter: the greatest number counted natively."""
_JOINED = frozenset(_DATA["sino"]["joined"])
_ALL = {*NATIVE, *_DATA["sino"]["spaced"], *_JOINED}
COUNTER = rf"(?!정도){any_of(_ALL)}(?=[^가-힣]|$|{any_of(_DATA['after_counter'])})"
"""A counter, and no beginning of a longer word."""

_COUNTED = re.compile(rf"(?P<number>{NUMBER})(?P<some>여)?\s?(?P<counter>{COUNTER})(?P<onto>(?=\d))?")
_RANKED = re.compile(rf"(?<![가-힣])제(?P<number>{NUMBER})(?:\s?(?P<counter>{COUNTER}))?")
_PLACED = re.compile(r"(?<![\d.])([1-9]\d?)\s?째")
_MONTH = re.compile(r"0?[1-9]|1[0-2]")
_NUMBERED = re.compile(rf"\s?{any_of(_BEON['numbered'])}")
_TIMES = re.compile(rf"(?<![가-힣]){any_of(_BEON['times_after'])}\s?$")
_IN_ORDER = re.compile(rf"{any_of(_BEON['numbered_after'])}\s?$")
_PEOPLE = re.compile(rf"{any_of(_BUN['people_after'])}\s?$")
_FOR_PEOPLE = re.compile(any_of(_BUN["people_before"]))


def read_counters(text: str) -> str:
    """Numbers before a counter, and ranks (제1회, 2째), in words."""
    text = _RANKED.sub(
        lambda match: f"제{said(match['number'])}{' ' + match['counter'] if match['counter'] else ''}", text
    )
    text = _COUNTED.sub(_counted, text)
    return _PLACED.sub(lambda match: _PLACES.get(match[1]) or native(int(match[1])) + "째", text)


def _counted(match: re.Match[str]) -> str:
    number, counter = match["number"], match["counter"]
    before = match.string[max(0, match.start() - 12) : match.start()]
    after = match.string[match.end() : match.end() + 6]
    space = apart(match)
    tail = " " if match["onto"] is not None else ""
    if whole := _DATA["exceptions"].get(number + counter):
        return f"{space}{whole}{tail}"
    if counter == "월" and _MONTH.fullmatch(number):
        return f"{space}{month(int(number))}{tail}"
    words = said(number) + match["some"] if match["some"] else _numeral(number, counter, before, after)
    is_year = counter == "년" and number.isdecimal() and (len(number) == 4 or after.startswith("생"))
    joined = (counter in _JOINED and "." not in number) or is_year
    return f"{space}{words}{'' if joined else ' '}{counter}{tail}"


def _numeral(number: str, counter: str, before: str, after: str) -> str:
    if not number.isdecimal() or number[0] == "0" or len(number) > 4:
        return said(number)
    value, limit = int(number), NATIVE.get(counter, 0)
    if counter == "분" and (_PEOPLE.search(before) or _FOR_PEOPLE.match(after)):
        limit = 39
    elif (counter == "번" and _is_numbered(before, after)) or (counter == "대" and value % 10 == 0):  # 70대: an age
        limit = 0
    if 1 <= value <= limit:
        return native(value)
    if limit >= 39 and value > 100 and 1 <= value % 100 <= 9:
        return sino(value - value % 100) + native(value % 100)
    return said(number)


def _is_numbered(before: str, after: str) -> bool:
    return bool(_IN_ORDER.search(before) or (_NUMBERED.match(after) and not _TIMES.search(before)))
