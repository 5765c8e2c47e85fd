"""Numbers with a unit or a currency sign in Korean; the words are in `korean_units.toml`."""

import re
from decimal import Decimal

from .characters import MARK, apart
from .data import any_of, table
from .korean_numerals import NUMBER, PLAIN, said, sino

_DATA = table("korean_units")
_UNITS: dict[str, str] = _DATA["units"]
_FRAMED: dict[str, tuple[str, str]] = _DATA["framed"]
_MONEY: dict[str, tuple[str, str]] = _DATA["money"]
_MAGNITUDES: dict[str, int] = _DATA["magnitudes"]

UNIT = rf"{any_of((*_UNITS, *_FRAMED))}(?![A-Za-z])"
_MEASURED = re.compile(rf"(?P<number>{NUMBER})\s?(?P<unit>{UNIT})")
_ALONE = re.compile(
    rf"(?<![A-Za-z])(?P<unit>{any_of(unit for unit in _UNITS if len(unit) > 1 or unit in '%°')})(?![A-Za-z])"
)
_AFTER_SOME = re.compile(rf"(?<=[몇수])\s?(?P<unit>{UNIT})")
_SIGN = any_of(_MONEY)
_PRICED = re.compile(
    rf"(?P<sign>{_SIGN})\s?(?P<number>{NUMBER})(?:\s?(?P<magnitude>{any_of(_MAGNITUDES)})(?![A-Za-z]))?(?:\s?(?:달러|유로|엔|원))?"
)
_PRICED_AFTER = re.compile(rf"(?P<number>{NUMBER})\s?(?P<sign>{_SIGN})")
_CENTS = re.compile(r"(.*)\.(\d\d)")
_SIGNED = re.compile(rf"(?P<before>영하\s?|영상\s?|마이너스\s?|(?<![\w.)]))(?P<sign>[-−+])(?={PLAIN})")
_DEGREES_AHEAD = re.compile(r"[\d.,]+\s?(?:도|°|℃)")


def read_signs(text: str) -> str:
    """Signs before a number: 영하 and 영상 before degrees, else 마이너스 and 플러스."""
    return _SIGNED.sub(_signed, text)


def read_units(text: str) -> str:
    """Measures and amounts of money in words, each ended by a `MARK`."""
    text = _PRICED_AFTER.sub(_priced, _PRICED.sub(_priced, text))
    text = _MEASURED.sub(_measured, text)
    text = _AFTER_SOME.sub(lambda match: f" {_word(match['unit'])}{MARK}", text)
    return _ALONE.sub(lambda match: f"{apart(match)}{_word(match['unit'])}{MARK}", text)


def _word(unit: str) -> str:
    return _UNITS.get(unit) or "".join(_FRAMED[unit])


def _measured(match: re.Match[str]) -> str:
    number, unit = match["number"], match["unit"]
    before, after = _FRAMED.get(unit) or ("", _UNITS[unit])
    if before and match.string[: match.start()].endswith(before):
        before = ""
    return f"{apart(match)}{before}{said(number)} {after}{MARK}"


def _priced(match: re.Match[str]) -> str:
    currency, hundredth = _MONEY[match["sign"]]
    number, magnitude = match["number"].replace(",", ""), match.groupdict().get("magnitude")
    if magnitude:
        amount = Decimal(number) * Decimal(10) ** _MAGNITUDES[magnitude] if _is_plain(number) else None
        number = format(amount.normalize(), "f") if amount is not None else number
    elif hundredth and (cents := _CENTS.fullmatch(number)) and _is_plain(number):
        parts = [f"{said(cents[1])} {currency}"] if cents[1].strip("0") else []
        parts += [f"{sino(int(cents[2]))} {hundredth}"] if int(cents[2]) or not parts else []
        return f"{apart(match)}{' '.join(parts)}{MARK}"
    return f"{apart(match)}{said(number)} {currency}{MARK}"


def _is_plain(number: str) -> bool:
    return number.replace(".", "", 1).isdecimal()


def _signed(match: re.Match[str]) -> str:
    before = match["before"].strip()
    if before:
        return before + " "
    degrees = _DEGREES_AHEAD.match(match.string, match.end())
    if match["sign"] == "+":
        return "영상 " if degrees else "플러스 "
    return "영하 " if degrees else "마이너스 "
