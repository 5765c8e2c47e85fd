"""Web and mail addresses, as short as the ear wants them.

A web address is said as its host, without "www": the rest of it helps nobody who listens. A host that would have to be
spelled (digits, hyphens, more than three names, longer than 30 characters) is not said at all. A mail address is said
whole.
"""

import re

from .characters import UNDERSCORE
from .data import any_of, table

_DATA = table("addresses")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ENDING = any_of(_DATA["endings"])
_WEB = re.compile(
    rf"(?<![\w@.])(?:(?:https?|ftp)://(?:[^\s/@<>]{{1,64}}@)?(?P<far>[^\s/?#<>()\[\]\"'…가-힣]*)"
    rf"|(?P<near>(?:{_NAME}\.){{1,4}}{_ENDING})(?![A-Za-z0-9@-]|\.[A-Za-z0-9]))"
    r"(?::\d{1,5})?(?:[/?#][^\s<>()\[\]\"'*|…가-힣]*)?"
)
_SAYABLE = re.compile(rf"(?:[a-z]{{2,20}}\.){{1,2}}{_ENDING}")
_LONGEST_HOST = 30
_TAIL = ".,!?:;"
_MAIL = re.compile(
    rf"(?:mailto:)?(?<![A-Za-z0-9_.+-])([A-Za-z0-9_{UNDERSCORE}.+-]{{1,64}})@((?:{_NAME}\.){{1,4}}[A-Za-z]{{2,24}})"
)
_LATIN = "A-Za-z\u00c0-\u024f"
_HOST = re.compile(rf"(?<![{_LATIN}])((?:[A-Za-z]{{2,20}}\.){{1,2}}?)({_ENDING})(?![{_LATIN}])")


def shortened(text: str) -> str:
    """Web addresses cut down to their hosts, or gone; the underscores of mail addresses out of the way of mark-up."""
    return _WEB.sub(_host, _MAIL.sub(lambda match: match[0].replace("_", UNDERSCORE), text))


def _host(match: re.Match[str]) -> str:
    whole = match[0]
    tail = whole[len(whole.rstrip(_TAIL)) :]  # the sentence's own punctuation
    host = (match["far"] or match["near"] or "").lower().rstrip(_TAIL).removeprefix("www.").partition(":")[0]
    if not _SAYABLE.fullmatch(host) or len(host) > _LONGEST_HOST:
        host = ""
    return host + tail


def said(text: str, language: str, *, end: str) -> str:
    """Mail addresses and hosts in words of `language`, each followed by `end`."""
    words: dict[str, str] = _DATA["words"][language]
    endings: dict[str, str] = _DATA[language]

    def host_in_words(names: str, ending: str) -> str:
        tail = endings.get(ending) or "".join(f" {words['.']} {part}" for part in ending.split("."))
        return names.rstrip(".").replace(".", f" {words['.']} ") + " " + tail.strip()

    def mail(match: re.Match[str]) -> str:
        local = re.sub(r"[._+-]|\d", lambda sign: f" {words[sign[0]]} ", match[1].replace(UNDERSCORE, "_"))
        names = re.sub(r"\d|-", lambda sign: f" {words[sign[0]]} ", match[2].lower())
        known = re.fullmatch(rf"(.*?\.)({_ENDING})", names)
        host = host_in_words(known[1], known[2]) if known else names.replace(".", f" {words['.']} ")
        return f" {local} {words['@']} {host}{end}"

    text = _MAIL.sub(mail, text)
    return _HOST.sub(lambda match: f" {host_in_words(match[1].lower(), match[2])}{end}", text)
