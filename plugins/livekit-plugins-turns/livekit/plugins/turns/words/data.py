"""Word lists and weights, kept as TOML beside the code."""

import tomllib
from importlib.resources import files
from typing import Any


def table(name: str) -> dict[str, Any]:
    """The table `name`.toml beside this file."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text("utf-8"))
