"""A call's token: who may join which room, for how long, and who answers there."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from livekit import api

from malbeot.call import AGENT_NAME, CallRequest
from malbeot.errors import MalbeotError

ROOM_PREFIX = "call-"
"""What the names of calls' rooms begin with, and of no other room at LiveKit."""

LIFETIME = timedelta(minutes=2)
"""How long a token opens its room. LiveKit gives a minute's grace, and renews the token of a caller who is inside."""
_PROVES_FOR = timedelta(days=1)
"""How long a token proves whose call it was: longer than any call. Rooms' names do not come again, so all that it can
end is the one that it was made for."""

# What `livekit.yaml` has for all rooms, so that it holds at every LiveKit server.
EMPTY_TIMEOUT_S = 60
"""How long a room lasts that nobody has come into."""
DEPARTURE_TIMEOUT_S = 5
"""How long a room lasts after the last one has left."""
MAX_PARTICIPANTS = 8
"""Who may be in a room at once: a caller who comes anew may meet what is left of the last time."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One caller's way into one room. `token` is LiveKit's JWT, `expires_at` never later than its own end."""

    token: str
    room: str
    identity: str
    expires_at: datetime


def issue(request: CallRequest, *, api_key: str, api_secret: str) -> Ticket:
    """A ticket for a room of its own, to which LiveKit sends the companion when the caller joins."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + LIFETIME
    room, identity = f"{ROOM_PREFIX}{secrets.token_hex(8)}", f"caller-{secrets.token_hex(8)}"
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone", "camera"],
        can_subscribe=True,
        can_publish_data=True,
    )
    dispatch = api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=request.model_dump_json())
    room_config = api.RoomConfiguration(
        empty_timeout=EMPTY_TIMEOUT_S,
        departure_timeout=DEPARTURE_TIMEOUT_S,
        max_participants=MAX_PARTICIPANTS,
        agents=[dispatch],
    )
    token = (
        api.AccessToken(api_key, api_secret)
        .with_identity(identity)
        .with_name(request.name)
        .with_ttl(LIFETIME)
        .with_grants(grants)
        .with_room_config(room_config)
    )
    return Ticket(token=token.to_jwt(), room=room, identity=identity, expires_at=expires_at)


def whose(token: str, *, room: str, api_key: str, api_secret: str) -> CallRequest | None:
    """What was asked for with a token that we made for `room`, be it over; None for any other token."""
    try:
        claims = api.TokenVerifier(api_key, api_secret, leeway=_PROVES_FOR).verify(token)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    if not claims.video or not claims.video.room_join or claims.video.room != room or not claims.room_config:
        return None
    return _asked(claims.room_config.agents)


def _asked(dispatches: Iterable[api.RoomAgentDispatch]) -> CallRequest | None:
    for dispatch in dispatches:
        if dispatch.agent_name == AGENT_NAME:
            try:
                return CallRequest.from_metadata(dispatch.metadata)
            except MalbeotError:
                return None
    return None
