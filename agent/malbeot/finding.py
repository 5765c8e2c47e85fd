"""One line of `malbeot doctor`'s report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it is. `advice` is empty where all is well."""

    what: str
    state: str
    advice: str = ""
