"""Which conversation a request or a call goes on with."""

from fastapi import Request

from malbeot.memory.conversations import session_key
from malbeot.persona import Persona
from malbeot.web.access import Guest
from malbeot.web.access.peers import counted_address


def key_of(session: str | None, request: Request, guest: Guest, persona: Persona) -> str:
    """Names it for the store; "" where there is no session. One persona knows nothing of what another was told."""
    if session is None:
        return ""
    address = "" if guest.invitation else counted_address(request)
    return session_key(guest=guest.invitation, address=address, persona=persona.id, session=session)
