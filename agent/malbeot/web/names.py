"""Names that callers give themselves: they go into the prompt, so they hold one line of visible text."""

import unicodedata

from malbeot.call import MAX_NAME

_JOINERS = "\u200c\u200d"  # Persian and Indic names are written with them
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def checked_name(name: str) -> str:
    """The name composed (NFC) and without spaces around it. Raises `ValueError` for one that is no name."""
    name = name.strip()
    if len(name) <= 4 * MAX_NAME:  # composing takes the square of what marks in a row there are
        name = unicodedata.normalize("NFC", name).strip()
    if len(name) > MAX_NAME:
        raise ValueError(f"must be at most {MAX_NAME} characters long")
    if any(unicodedata.category(letter) in _INVISIBLE and letter not in _JOINERS for letter in name):
        raise ValueError("must not hold control characters")
    return name
