"""What is said: a written clause as it is to be read aloud.

The transcript keeps the written form. What reaches the voice has no mark-up, no emoji and no stage directions, and for
Korean and English no digit, unit, symbol or abbreviation that the voice would have to guess at.
"""

import re

from .characters import folded
from .english import english
from .korean import korean
from .markup import plain
from .tidy import tidied

__all__ = ["spoken"]

_KNOWN = ("ko", "en", "auto", "auto_yue")
_ROUNDS = 5
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
_KANA_OR_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def spoken(text: str, language: str) -> str:
    """`text`, one clause or sentence, as it is to be read aloud in `language`, a GPT-SoVITS `text_lang`.

    "ko" and "all_ko" follow the Korean rules, "en" the English ones. "auto" and "auto_yue" choose by the text: Korean
    where there is Hangul, neither where there is Kana or Han without it, else English. Every other language loses its
    mark-up and nothing more. The answer is "" where nothing is left to say. Said again, the answer does not change.
    Nothing is raised, whatever the text.
    """
    rules = language.removeprefix("all_")
    if rules not in _KNOWN:
        return _without_markup(text)
    words = plain(folded(text))
    if rules == "ko" or (rules != "en" and _HANGUL.search(words)):
        return korean(words)
    if rules != "en" and _KANA_OR_HAN.search(words):
        return _without_markup(text)
    return english(words)


def _without_markup(text: str) -> str:
    """What goes may uncover what goes next: a bullet behind a bracket. Each round is shorter; a few are enough."""
    for _ in range(_ROUNDS):
        shorter = tidied(plain(text))
        if shorter == text:
            break
        text = shorter
    return text
