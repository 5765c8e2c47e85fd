"""Text that somebody wrote freely, made safe to stand in a prompt on one line."""

from __future__ import annotations

import unicodedata

# What chat models' special tokens (`<|im_end|>`, `[INST]`), templates and their escapes are made of.
_BRACKETS = frozenset("<>[]{}|｜\\`＜＞")
# Hangul fillers count as letters and show nothing.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")  # Persian, Indic names and emoji are written with them


def clean_line(text: str) -> str:
    """The words of `text` on one line, composed (NFC), with single spaces; may be empty.

    Brackets and bars become spaces, as do line breaks and everything invisible, so that the line holds no special token
    of a chat model, no template and no turn of its own.
    """
    kept = "".join(char if _may_stay(char) else " " for char in unicodedata.normalize("NFC", text))
    return unicodedata.normalize("NFC", " ".join(kept.split())).strip("".join(_JOINERS))


def _may_stay(char: str) -> bool:
    if char in _JOINERS:
        return True
    return char not in _BRACKETS and char not in _FILLERS and unicodedata.category(char)[0] != "C"
