"""Whether somebody asks the agent to wait: "잠깐만요, 누가 왔네", "hold on, let me get my glasses"."""

import re
from dataclasses import dataclass

from .asked import primary
from .data import table
from .said import said


@dataclass(frozen=True)
class _Patterns:
    phrase: re.Pattern[str]
    courtesy: re.Pattern[str]
    reason: re.Pattern[str]
    otherwise: re.Pattern[str]


_NEVER = r"(?!)"
_PATTERNS = {
    language: _Patterns(
        re.compile(words["phrase"]),
        re.compile(words["courtesy"]),
        re.compile(words["reason"]),
        re.compile(words.get("not", _NEVER)),
    )
    for language, words in table("hold_on").items()
}


def asks_to_wait(text: str, language: str) -> bool:
    """Whether a turn whose words are `text` ends in asking for patience.

    `language`: an ISO 639-1 code, with or without a region; "ko" and "en" are known. One that only begins so and
    then goes on talking ("wait a minute, that was Tuesday") does not.
    """
    words, patterns = said(text), _PATTERNS.get(primary(language))
    if words is None or patterns is None:
        return False
    plain = words.text.replace("’", "'")
    found = list(patterns.phrase.finditer(plain))
    if not found:
        return False
    rest = plain[found[-1].end() :]
    if patterns.courtesy.search(rest):
        return True
    return words.mark != "?" and bool(patterns.reason.search(rest)) and not patterns.otherwise.search(rest)
