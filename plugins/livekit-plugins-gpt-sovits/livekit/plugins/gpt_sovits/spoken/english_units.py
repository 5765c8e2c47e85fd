"""Numbers with a unit or a currency sign in English; the words are in `english_units.toml`."""

import re

from .data import any_of, table
from .english_numerals import PLAIN, said

_DATA = table("english_units")
_UNITS: dict[str, list[str]] = _DATA["units"]
_GLUED: dict[str, list[str]] = _DATA["glued"]
_MONEY: dict[str, list[str]] = _DATA["money"]
_MAGNITUDES: dict[str, str] = _DATA["magnitudes"]
_SCALE = r"(?:\s(?P<scale>hundred|thousand|million|billion|trillion))?"
_MEASURED = re.compile(
    rf"(?P<number>{PLAIN}){_SCALE}(?:(?:\s|-(?=[A-Za-z]))?(?P<unit>{any_of(_UNITS)})|(?P<glued>{any_of(_GLUED)}))(?![A-Za-z\d])"
    rf"(?:\.(?=\s+[a-z]))?"
)
_ALONE = re.compile(rf"(?<![\w'-]){any_of(_DATA['alone'])}(?![\w'-])")
_SIGN = any_of(_MONEY)
_PRICED = re.compile(
    rf"(?P<sign>{_SIGN})\s?(?P<number>{PLAIN})(?:\s?(?P<magnitude>{any_of(_MAGNITUDES)})(?![A-Za-z]))?"
    rf"(?:\s?/\s?(?P<per>[a-z]+))?(?P<thing>\s{any_of(_DATA['things'])}\b)?"
)
_PRICE_RANGE = re.compile(rf"({_SIGN})(\s?{PLAIN})\s?[-–]\s?(?:{_SIGN})?(?={PLAIN})")
_CENTS = re.compile(rf"({PLAIN})\s?¢")
_PERCENT = re.compile(rf"({PLAIN})\s?%")
_HEIGHT = re.compile(r"(?<![\d.])(\d)['′]\s?(\d{1,2})(?:\"|″|''|(?!\w))")


def read_money(text: str) -> str:
    """Amounts of money."""
    text = _PRICE_RANGE.sub(_price_range, text)
    text = _PRICED.sub(_priced, text)
    return _CENTS.sub(lambda match: f"{said(match[1])} {'cent' if match[1] == '1' else 'cents'}", text)


def read_units(text: str) -> str:
    """Measures, percentages, heights in feet and inches."""
    text = _PERCENT.sub(lambda match: f"{said(match[1])} percent", text)
    text = _HEIGHT.sub(lambda match: f"{said(match[1])} foot {said(match[2])}", text)
    return _MEASURED.sub(_measured, text)


def read_lone_units(text: str) -> str:
    """Units whose number is already in words, as after a fraction."""
    return _ALONE.sub(lambda match: _UNITS[match[0]][1], text)


def _price_range(match: re.Match[str]) -> str:
    """$5-10 as 5 to $10."""
    return f"{match[2].strip()} to {match[1]}"


def _priced(match: re.Match[str]) -> str:
    one, many, hundredth, hundredths = _MONEY[match["sign"]]
    number, magnitude = match["number"].replace(",", ""), match["magnitude"]
    per = f" per {match['per']}" if match["per"] else ""
    thing = match["thing"] or ""
    whole, _, cents = number.partition(".")
    if magnitude:
        return f"{said(number)} {_MAGNITUDES[magnitude]} {one if thing else many}{per}{thing}"
    if len(cents) != 2 or not hundredth:
        return f"{said(number)} {one if number == '1' or thing else many}{per}{thing}"
    parts = [f"{said(whole)} {one if whole == '1' else many}"] if whole.strip("0,") or not int(cents) else []
    if int(cents):
        parts.append(f"{said(str(int(cents)))} {hundredth if int(cents) == 1 else hundredths}")
    return f"{' and '.join(parts)}{per}{thing}"


def _measured(match: re.Match[str]) -> str:
    one, many = _UNITS.get(match["unit"] or "") or _GLUED[match["glued"]]
    number = said(match["number"])
    scale = f" {match['scale']}" if match["scale"] else ""
    return f"{number}{scale} {one if match['number'] == '1' and not scale else many}"
