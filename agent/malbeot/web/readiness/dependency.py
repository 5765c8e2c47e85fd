"""What is told of one dependency."""

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

State = Literal["ready", "cold", "down", "unknown"]
"""`cold` works after a wait; `unknown` is what cannot be asked from here, and is no reason to say no."""
Probe = Callable[[], Awaitable[tuple[State, str]]]
"""Asks one dependency: its state, and why in one line. May raise `TimeoutError`."""


class Dependency(BaseModel):
    """One thing that calls depend on."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: State
    why: str
