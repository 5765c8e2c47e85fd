"""Which conversation a request or a call goes on with."""

from malbeot.memory.conversations import session_key
from malbeot.persona import Persona
from malbeot.web.access import Guest


def key_of(session: str | None, guest: Guest, persona: Persona) -> str:
    """Names it for the store; "" where there is no session. One persona knows nothing of what another was told."""
    if session is None:
        return ""
    address = "" if guest.invitation else guest.address
    return session_key(guest=guest.invitation, address=address, persona=persona.id, session=session)
