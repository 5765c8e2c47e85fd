"""Invitations: signed tokens that say whom they are for and until when."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

_ALGORITHM = "HS256"
_AUDIENCE = "malbeot-call"
"""So that the key signs nothing else that could be taken for an invitation."""


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A good one. `id` is its own: two people of one name have different ones."""

    name: str
    id: str


def invite(name: str, *, key: str, lifetime: timedelta) -> str:
    """An invitation for `name`, which is clean (`web/names.py`) and not empty."""
    now = datetime.now(UTC)
    claims = {"jti": secrets.token_urlsafe(12), "sub": name, "aud": _AUDIENCE, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def invited(token: str, *, key: str) -> Invitation | None:
    """What it says; None for one that is expired, forged or no invitation at all."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["jti", "sub", "aud", "iat", "exp"]},
        )
    except (jwt.PyJWTError, ValueError, RecursionError):  # the last for brackets in brackets in a forged header
        return None
    if not claims["sub"] or not claims["jti"]:
        return None
    return Invitation(name=claims["sub"], id=claims["jti"])
