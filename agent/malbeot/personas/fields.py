"""Kinds of values that the files in `prompts/` hold. Types are strict: a number is not text, and `no` is not a name."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

Text = Annotated[str, Strict(), StringConstraints(min_length=1, strip_whitespace=True)]
Texts = Annotated[tuple[Text, ...], Strict(False), Field(min_length=1)]
Identifier = Annotated[str, Strict(), StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Ways = Annotated[tuple[Text, ...], Strict(False), Field(min_length=2)]
"""Several ways to say the same, of which none is said twice running."""
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=0.5, le=2.0, allow_inf_nan=False)]


class StrictModel(BaseModel):
    """A mapping of fields; one that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
