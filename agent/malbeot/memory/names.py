"""How clients name a session."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_NAME = r"[A-Za-z0-9_-]{8,64}"


def _names_a_session(session: str) -> str:
    if not re.fullmatch(_NAME, session):
        raise ValueError("must be 8 to 64 letters (a to z, A to Z), digits, - or _")
    return session


SessionName = Annotated[
    str, AfterValidator(_names_a_session), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})
]
"""Whoever knows it goes on with the conversation: programs take one that nobody guesses."""
