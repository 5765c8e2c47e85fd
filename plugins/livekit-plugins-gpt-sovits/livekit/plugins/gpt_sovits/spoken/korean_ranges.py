"""Ranges, written anew so that the other rules read them: 10~15명 as 10명에서 15명, 3~4명 as 서너 명."""

import re

from .data import table
from .korean_counters import COUNTER, NATIVE
from .korean_numerals import NUMBER, PLAIN
from .korean_units import UNIT

_NUMERALS = table("korean_numerals")
_NATIVE_PAIRS: dict[str, str] = _NUMERALS["native_pairs"]
_SINO_PAIRS: dict[str, str] = _NUMERALS["sino_pairs"]
_APPROXIMATE = frozenset(table("counters")["sino"]["approximate"])
_MULTIPLIED = re.compile(rf"{PLAIN}\s?([십백천]?[만억조]|[백천])")
_TO = r"\s?(?:[~∼〜–]|(?<![\s-])-(?=\d)|(?<=\s)-(?=\s))\s?"
_RANGE = re.compile(
    rf"(?P<low>{NUMBER})(?:\s?(?P<first>{COUNTER}|{UNIT}))?{_TO}(?P<high>-?{NUMBER})(?:\s?(?P<second>{COUNTER}))?"
)


def read_ranges(text: str) -> str:
    """Both ends of each range with their counter, and 에서 between them; neighbours in one word."""
    return _RANGE.sub(_range, text)


def _range(match: re.Match[str]) -> str:
    low, high, first, second = match["low"], match["high"], match["first"], match["second"]
    if first or not second:
        return f"{low}{first or ''}에서 {high}{second or ''}"
    if len(low) == 1 == len(high) and int(high) == int(low) + 1:
        pairs = _SINO_PAIRS if second in _APPROXIMATE else _NATIVE_PAIRS if second in NATIVE and second != "시" else {}
        if low in pairs:
            joined = "" if second in ("일", "일간", "박") else " "
            return f"{pairs[low]}{joined}{second}"
    if low.isdecimal() and (multiplied := _MULTIPLIED.fullmatch(high)):  # 3~5만원
        low += multiplied[1]
    return f"{low}{second}에서 {high}{second}"
