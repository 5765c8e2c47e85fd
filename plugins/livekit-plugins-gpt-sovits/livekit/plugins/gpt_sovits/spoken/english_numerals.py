"""English numerals by num2words, and how years, rooms and digits are said."""

from functools import lru_cache

from num2words import num2words  # type: ignore[import-untyped]  # it has no types

PLAIN = r"(?<!\d)(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
"""A number in digits, with or without commas and decimals."""
_LONGEST = 15  # digits; what is longer is no quantity


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """num2words without its commas, at which a voice would pause."""
    return str(num2words(number, lang="en")).replace(",", "")


@lru_cache(maxsize=1024)
def ordinal(number: int) -> str:
    return str(num2words(number, lang="en", to="ordinal")).replace(",", "")


def year(number: int) -> str:
    """Also how four-digit rooms and round hundreds are said: 1905 nineteen oh five, 1500 fifteen hundred."""
    return str(num2words(number, lang="en", to="year")).replace("oh-", "oh ").replace(",", "")


def by_digit(written: str) -> str:
    """Each digit for itself; what is no digit is left out."""
    return " ".join(cardinal(int(digit)) for digit in written if digit.isdecimal())


def room(written: str) -> str:
    """101 one oh one, 231 two thirty-one, 1203 twelve oh three, 500 five hundred."""
    if len(written) == 4 and written[0] != "0":
        return year(int(written))
    if len(written) != 3 or written[0] == "0" or written.endswith("00"):
        return said(written)
    last = int(written[1:])
    return f"{cardinal(int(written[0]))} {'oh ' if last < 10 else ''}{cardinal(last)}"


def said(written: str) -> str:
    """A `PLAIN` number. A leading zero or more than 15 digits are read digit by digit."""
    whole, _, decimals = written.replace(",", "").partition(".")
    if len(whole) > _LONGEST or (not decimals and len(whole) > 1 and whole[0] == "0"):
        head = by_digit(whole)
    else:
        head = cardinal(int(whole))
    return f"{head} point {by_digit(decimals)}" if decimals else head
