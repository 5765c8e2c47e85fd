"""Who is on the line, made safe to stand in a prompt."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

Direction = Literal["inbound", "outbound"]

MAX_NAME = 40  # characters
_PUNCTUATION = frozenset("'’-.·")
# Hangul fillers count as letters and show nothing.
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0")


def clean_name(name: str) -> str:
    """Keeps what names are written with: letters, their marks, digits, single spaces, and ' ’ - . ·

    Everything else becomes a space, so that a name can hold no line break, no template brace and no
    special token of a chat model (`<|im_end|>`). At most 40 characters, composed (NFC); may be empty.
    """
    kept = "".join(
        char if char in _PUNCTUATION or (unicodedata.category(char)[0] in "LMN" and char not in _INVISIBLE) else " "
        for char in unicodedata.normalize("NFC", name.strip()[: 4 * MAX_NAME])
    )
    composed = unicodedata.normalize("NFC", " ".join(kept.split()))
    while composed and not composed[0].isalnum():
        composed = composed[1:]
    return composed[:MAX_NAME].rstrip(" '’-·")


@dataclass(frozen=True)
class Caller:
    """The person. `name` is cleaned by `clean_name`; "inbound" means that they called, "outbound" that we did.

    Raises ValueError for another direction.
    """

    name: str
    direction: Direction

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise ValueError(f"direction must be one of {', '.join(get_args(Direction))}, but is {self.direction!r}")
        object.__setattr__(self, "name", clean_name(self.name))
