"""Invitations: signed tokens that say whom they are for and until when."""

from datetime import UTC, datetime, timedelta

import jwt

_ALGORITHM = "HS256"
_AUDIENCE = "malbeot-call"
"""So that the key signs nothing else that could be taken for an invitation."""


def invite(name: str, *, key: str, lifetime: timedelta) -> str:
    """An invitation for `name`, which is clean (`web/names.py`) and not empty."""
    now = datetime.now(UTC)
    claims = {"sub": name, "aud": _AUDIENCE, "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def invited(token: str, *, key: str) -> str | None:
    """Whom it invites; None for one that is expired, forged or no invitation at all."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["sub", "aud", "iat", "exp"]},
        )
    except (jwt.PyJWTError, ValueError, RecursionError):  # the last for brackets in brackets in a forged header
        return None
    return str(claims["sub"]) or None
