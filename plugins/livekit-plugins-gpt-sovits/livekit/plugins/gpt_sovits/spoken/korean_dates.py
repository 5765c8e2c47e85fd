"""Korean dates and clock times."""

import re

from .characters import MARK, apart
from .data import any_of, table
from .korean_numerals import by_digit, native, said, sino

_DATA = table("korean_dates")
_HALF = rf"(?P<half>{any_of(_DATA['halves'])})"
_LATIN_HALF = r"(?P<{0}>[AaPp]\.?\s?[Mm]\b\.?)"
_NAMED_DAY = re.compile(
    rf"(?<![\d.])(\d{{1,2}})(?:[·ㆍ・]|\.(?=\d+\s?{any_of(_DATA['named_after'])}))(\d{{1,2}})(?!\d|\.\d)"
)
_DATE = re.compile(
    r"(?<![\d./-])(?P<year>(?:1[5-9]|20)\d\d)(?P<sign>[-./])\s?(?P<month>0?[1-9]|1[0-2])(?P=sign)\s?"
    r"(?P<day>0?[1-9]|[12]\d|3[01])(?!\d|[-/]\d)(?:\.(?=\s|\(|$|[가-힣]))?"
)
_YEAR_MONTH = re.compile(r"(?<![\d./-])((?:19|20)\d\d)(?:\.(?=\d\d?\.)|-(?=\d\d(?![\d-])))(0?[1-9]|1[0-2])\.?(?!\d)")
_MONTH_DAY = re.compile(
    r"(?<![\d./-])(?P<month>0?[1-9]|1[0-2])(?P<sign>[./])\s?(?P<day>0?[1-9]|[12]\d|3[01])"
    r"(?:\.)?(?=\s?\((?:월|화|수|목|금|토|일)(?:요일)?\))"
)
_SLASHED = re.compile(r"(?<![\d./])(\d{1,2})/(\d{1,2})(?![\d/]|\.\d)")
_WEEKDAY = re.compile(r"(?<=[일월])\s?\(([월화수목금토일])(?:요일)?\)(?P<glued>[가-힣])?")
_WEEKDAYS = re.compile(r"(?<![가-힣])([월화수목금토일])\s?[~∼-]\s?([월화수목금토일])(?![가-힣])")
_SHORT_YEAR = re.compile(r"['’‘](\d\d)(?=\s?(?:년|학번))")
_CLOCK = re.compile(
    rf"(?:{_HALF}\s?|{_LATIN_HALF.format('before')}\s?)?(?<![\d:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)"
    rf"(?::(?P<second>[0-5]\d))?(?![\d:])(?:\s?{_LATIN_HALF.format('after')})?"
)
_CLOCK_RANGE = re.compile(r"(:[0-5]\d)\s?[~∼–-]\s?(?=(?:[가-힣]{2}\s?)?\d{1,2}:[0-5]\d)")
_HOUR = re.compile(
    rf"(?:{_LATIN_HALF.format('before')}\s?(?<!\d)(?P<late>\d{{1,2}})(?=\s?시)"
    rf"|(?<![\d.:])(?P<hour>1[0-2]|0?[1-9])\s?{_LATIN_HALF.format('after')})"
)


def month(number: int) -> str:
    """The month's name; June and October lose a sound."""
    return str(_DATA["months"].get(str(number)) or sino(number) + "월")


def hour(number: int) -> str:
    """1 to 12 natively, as the clock strikes; 0 and 13 to 24 in Sino-Korean."""
    if number == 0:
        return "영시"
    return f"{native(number) if number <= 12 else sino(number)} 시"


def read_calendar(text: str) -> str:
    """Whole dates in digits, days of history, weekdays."""
    text = _NAMED_DAY.sub(lambda match: _named(match[1]) + _named(match[2]), text)
    text = _DATE.sub(lambda match: f"{sino(int(match['year']))}년 {_day(match)}", text)
    text = _YEAR_MONTH.sub(lambda match: f"{sino(int(match[1]))}년 {month(int(match[2]))}", text)
    text = _SLASHED.sub(_slashed, _MONTH_DAY.sub(_day, text))
    text = _WEEKDAYS.sub(r"\1요일에서 \2요일", text)
    text = _WEEKDAY.sub(lambda match: f" {match[1]}요일{match['glued'] or ''}", text)
    return _SHORT_YEAR.sub(lambda match: said(match[1]), text)


def read_clock(text: str) -> str:
    """Clock times, with or without minutes, as 14:05 or 3 pm."""
    text = _CLOCK.sub(_clock, _CLOCK_RANGE.sub(r"\1에서 ", text))
    return _HOUR.sub(_half_hour, text)


def _named(number: str) -> str:
    """6·25 is 육이오, 5·18 오일팔, but 10·26 십이육 and 12·12 십이십이."""
    return sino(int(number)) if number in ("10", "12") else by_digit(number)


def _day(match: re.Match[str]) -> str:
    return f"{month(int(match['month']))} {sino(int(match['day']))}일"


def _slashed(match: re.Match[str]) -> str:
    """12/25 is a date and so is 5/3; 1/2 is a fraction and left to its own rule."""
    first, second = int(match[1]), int(match[2])
    if 1 <= first <= 12 and (12 < second <= 31 or 1 <= second < first):
        return f"{month(first)} {sino(second)}일"
    return match[0]


def _half(written: str | None) -> str:
    if not written:
        return ""
    return "오전 " if written[0] in "aA" else "오후 "


def _clock(match: re.Match[str]) -> str:
    half = f"{match['half']} " if match["half"] else _half(match["before"] or match["after"])
    words = [hour(int(match["hour"]))]
    if int(match["minute"]):
        words.append(f"{sino(int(match['minute']))} 분")
    if match["second"] and int(match["second"]):
        words.append(f"{sino(int(match['second']))} 초")
    return f"{apart(match)}{half}{' '.join(words)}{MARK}"


def _half_hour(match: re.Match[str]) -> str:
    if match["late"]:
        return f"{_half(match['before'])}{match['late']}"
    return f"{_half(match['after'])}{hour(int(match['hour']))}"
