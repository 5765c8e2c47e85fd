"""English dates, clock times, years and decades."""

import re

from .data import any_of, table
from .english_numerals import cardinal, ordinal, year

_DATA = table("english")["dates"]
_MONTHS: dict[str, str] = {short: month for month, shorts in _DATA["months"].items() for short in (month, *shorts)}
_NAMES: list[str] = list(_DATA["months"])
_WEEKDAYS: dict[str, str] = _DATA["weekdays"]
_SHORT_MONTHS = [short for short in _MONTHS if short not in _NAMES]
_MONTH = rf"(?:(?P<month>{any_of(_NAMES)}\b)|(?P<short>{any_of(_SHORT_MONTHS)})\b\.?)"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s(?P<year>(?:1[1-9]|20)\d\d)(?![\d,.]\d|\d))?"
_NO_MORE = r"(?![\d:/%°]|[.,]\d|\w)"

_ISO = re.compile(r"(?<![\w./-])((?:1[5-9]|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\w-])")
_SLASHED = re.compile(r"(?<![\w./-])(\d{1,2})([/.])(\d{1,2})\2((?:19|20)?\d\d)(?![\w/])")
_MONTH_DAY = re.compile(rf"\b{_MONTH}\s{_DAY}(?:\s?[-–]\s?(?P<last>3[01]|[12]\d|[1-9]))?{_NO_MORE}{_YEAR}")
_DAY_MONTH = re.compile(rf"(?P<the>\b[Tt]he\s)?(?<![\d.,:/$-]){_DAY}(?:\sof)?\s{_MONTH}{_YEAR}(?![\w-])")
_MONTH_ALONE = re.compile(rf"\b{_MONTH}(?=,?\s\d{{4}}\b)")
_WEEKDAY = re.compile(rf"\b({any_of(_WEEKDAYS)})\b\.?(?=,?\s(?:\d|at\b|{any_of(_MONTHS)}))")
_WEEKDAYS_FROM_TO = re.compile(rf"\b({any_of(_WEEKDAYS)})\.?\s?[-–]\s?({any_of(_WEEKDAYS)})\b")

_HALF = r"(?P<half>[AaPp])(?:\.\s?[Mm]\b\.?|\s?[Mm]\b)"
_HALF_RANGE = re.compile(
    r"(?<!\d)(\d{1,2}(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\.?)?)\s?[-–]\s?(?=\d{1,2}(?::\d\d)?\s?[AaPp]\.?[Mm]\b)"
    r"|(:\d\d)\s?[-–]\s?(?=\d{1,2}:\d\d)"
)
_CLOCK = re.compile(
    rf"(?<![\d:.,$€£])(?P<hour>2[0-4]|1\d|0?\d)(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])(?:\s?{_HALF}|(?![A-Za-z]))"
    rf"|\s?{_HALF.replace('half', 'late')})"
)
_OCLOCK = re.compile(r"\s?o['’]?clock", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:.])\d+(?:\s?:\s?\d+)+(?![\d:])")

_DECADE = re.compile(r"(?<![\w.,$€£])'?((?:1[1-9]|20)?\d0)'?s\b")
_SHORT_YEAR = re.compile(r"(?<!\w)'(\d\d)(?!\w|')")


def read_dates(text: str) -> str:
    """Dates, weekdays and decades. 21/11/2026 may mean two days: its numbers are read as they stand."""
    text = _ISO.sub(lambda match: f"{_NAMES[int(match[2]) - 1]} {ordinal(int(match[3]))}, {year(int(match[1]))}", text)
    text = _SLASHED.sub(
        lambda match: f"{cardinal(int(match[1]))} {cardinal(int(match[3]))} {_any_year(match[4])}", text
    )
    text = _WEEKDAYS_FROM_TO.sub(lambda match: f"{_WEEKDAYS[match[1]]} to {_WEEKDAYS[match[2]]}", text)
    text = _WEEKDAY.sub(lambda match: _WEEKDAYS[match[1]], text)
    text = _DAY_MONTH.sub(_day_month, _MONTH_DAY.sub(_month_day, text))
    text = _MONTH_ALONE.sub(_month, text)
    text = _DECADE.sub(_decade, text)
    return _SHORT_YEAR.sub(lambda match: _any_year(match[1]), text)


def read_clock(text: str) -> str:
    """Clock times; A M and P M as letters, which voices say right. What looks like a time and is none is a ratio."""
    text = _HALF_RANGE.sub(lambda match: f"{match[1] or match[2]} to ", text)
    text = _CLOCK.sub(_clock, text)
    return _RATIO.sub(lambda match: re.sub(r"\s?:\s?", " to ", match[0]), text)


def _month(match: re.Match[str]) -> str:
    return _MONTHS[match["month"] or match["short"]]


def _any_year(written: str) -> str:
    if len(written) == 4:
        return year(int(written))
    return f"oh {cardinal(int(written))}" if 0 < int(written) < 10 else cardinal(int(written))


def _month_day(match: re.Match[str]) -> str:
    last = f" to {ordinal(int(match['last']))}" if match["last"] else ""
    of_year = f", {year(int(match['year']))}" if match["year"] else ""
    return f"{_month(match)} {ordinal(int(match['day']))}{last}{of_year}"


def _day_month(match: re.Match[str]) -> str:
    of_year = f", {year(int(match['year']))}" if match["year"] else ""
    return f"{match['the'] or 'the '}{ordinal(int(match['day']))} of {_month(match)}{of_year}"


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"] or match["late"]
    words = [cardinal(hour)]
    if minute:
        words.append(f"{'oh ' if minute < 10 else ''}{cardinal(minute)}")
    elif not half and not _OCLOCK.match(match.string, match.end()):
        words = ["midnight"] if hour in (0, 24) else [*words, "o'clock" if hour <= 12 else "hundred"]
    if match["second"] and int(match["second"]):
        words.append(f"and {cardinal(int(match['second']))} seconds")
    if half:
        words.append(f"{half.upper()} M")
    follows = match.string[match.end() :]
    if match[0].endswith(".") and not follows.strip():
        return " ".join(words) + "."
    return " ".join(words) + (" " if follows[:1].isalnum() else "")


def _decade(match: re.Match[str]) -> str:
    written = match[1]
    tens = int(written[-2:])
    if tens:
        plural = "tens" if tens == 10 else cardinal(tens)[:-1] + "ies"
        return f"{cardinal(int(written[:-2]))} {plural}" if len(written) == 4 else plural
    return year(int(written)) + "s" if len(written) == 4 else "zeros"
