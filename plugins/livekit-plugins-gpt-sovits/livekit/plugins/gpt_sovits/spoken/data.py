"""Reads this package's tables, and makes patterns of their words."""

import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any


def table(name: str) -> dict[str, Any]:
    """The table `name`.toml beside this file."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))


def any_of(words: Iterable[str]) -> str:
    """A pattern, in a group of its own, that matches any of the words; of two that fit, the longer."""
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"
