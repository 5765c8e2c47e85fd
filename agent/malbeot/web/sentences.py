"""The service's sentences for callers, which are data: `sentences.toml`."""

import tomllib
from importlib.resources import files

from malbeot.call import Language

_ALL: dict[str, dict[Language, str]] = tomllib.loads(
    (files(__package__) / "sentences.toml").read_text(encoding="utf-8"),
)


def sentence(name: str) -> dict[Language, str]:
    """One of them, by language."""
    return _ALL[name]
