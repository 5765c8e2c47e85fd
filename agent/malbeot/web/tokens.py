"""A call's token: who may join which room, and for how long. It makes no room (`places/live_rooms.py` does)."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from livekit import api

from malbeot.call import CallRequest

ROOM_PREFIX = "call-"
"""What the names of calls' rooms begin with, and of no other room at LiveKit."""
_CALLER = "caller-"
"""What the identities of callers begin with, and of nobody else in a call."""

LIFETIME = timedelta(minutes=2)
"""How long a token opens its room. LiveKit gives a minute's grace, and renews the token of a caller who is inside."""
_PROVES_FOR = timedelta(days=1)
"""How long a token proves whose call it was: longer than any call. Rooms' names do not come again, so all that it can
end is the one that it was made for."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One caller's way into one room. `token` is LiveKit's JWT, `expires_at` never later than its own end."""

    token: str
    room: str
    identity: str
    expires_at: datetime


def issue(request: CallRequest, *, api_key: str, api_secret: str) -> Ticket:
    """A ticket for a room of its own, which is not there yet."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + LIFETIME
    room, identity = f"{ROOM_PREFIX}{secrets.token_hex(8)}", f"{_CALLER}{secrets.token_hex(8)}"
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone", "camera"],
        can_subscribe=True,
        can_publish_data=True,
    )
    token = (
        api.AccessToken(api_key, api_secret)
        .with_identity(identity)
        .with_name(request.name)
        .with_ttl(LIFETIME)
        .with_grants(grants)
    )
    return Ticket(token=token.to_jwt(), room=room, identity=identity, expires_at=expires_at)


def opens(token: str, room: str, *, api_key: str, api_secret: str) -> bool:
    """Whether we made this token for a caller into `room`, be it over."""
    try:
        claims = api.TokenVerifier(api_key, api_secret, leeway=_PROVES_FOR).verify(token)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return False
    return bool(claims.video and claims.video.room_join and claims.video.room == room) and claims.identity.startswith(
        _CALLER
    )
