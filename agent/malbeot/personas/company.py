"""How a persona keeps company: what it does while nobody speaks, while the caller tells, and while it thinks."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated

from pydantic import Field, Strict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from malbeot.personas.fields import Seconds, StrictModel, Text, Ways


class Silence(StrictModel):
    """The caller does not answer. Seconds count from when both fell silent."""

    enabled: bool = True
    ask_after_s: Annotated[tuple[Seconds, ...], Strict(False)] = (8, 20)
    """When it asks again; an empty list: never."""
    goodbye_after_s: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 60
    """When it says goodbye and ends the call; 0: never."""
    hold_s: Seconds = 300
    """How long it waits for who said "hold on"."""
    asks: Ways

    @property
    def ends_after_s(self) -> float:
        """Infinite where the call is never ended."""
        return self.goodbye_after_s or math.inf

    @field_validator("ask_after_s")
    @classmethod
    def _rises(cls, times: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise PydanticCustomError("order", "must rise from one time to the next")
        return times

    @field_validator("goodbye_after_s")
    @classmethod
    def _comes_last(cls, time: float, info: ValidationInfo) -> float:
        if time and time <= max(info.data.get("ask_after_s", ()), default=0):
            raise PydanticCustomError("order", "must be later than every time of 'ask_after_s'")
        return time


class Nods(StrictModel):
    """The caller tells something long: a quiet word shows that somebody listens."""

    enabled: bool | None = None
    """None, where it is left out, is as the persona's language has it: `in_language`."""
    words: Ways

    def in_language(self, language: str) -> Nods:
        """Not in English, where people are less used to it, unless the file says so."""
        if self.enabled is not None:
            return self
        return self.model_copy(update={"enabled": language.casefold().replace("_", "-").partition("-")[0] != "en"})


class Thoughts(StrictModel):
    """An answer is late: a word shows that one is coming."""

    enabled: bool = True
    after_s: Annotated[Seconds, Field(ge=0.5)] = 1.2
    """Counted from the caller's last word."""
    words: Ways


class Limits(StrictModel):
    """A call ends in time: the companion tells so before, and then says goodbye."""

    minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)] = 120
    """How long a call may last."""
    turns: Annotated[int, Field(ge=2, le=100_000)] = 400
    """How often the caller may speak in it."""
    warn_before_minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)] = 5
    """How long before its end `almost_over` is said; it is said before the last turns too."""
    almost_over: Text

    @field_validator("warn_before_minutes")
    @classmethod
    def _comes_before(cls, time: float, info: ValidationInfo) -> float:
        if time >= info.data.get("minutes", math.inf):
            raise PydanticCustomError("order", "must be less than 'minutes'")
        return time
