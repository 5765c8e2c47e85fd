"""`malbeot invite`: a link with which one person may call from elsewhere, for some days."""

import sys
from datetime import timedelta

from malbeot.errors import MalbeotError
from malbeot.settings import Settings
from malbeot.up.services import page_address
from malbeot.web.access.invitation_key import ensure_key
from malbeot.web.access.invitations import invite
from malbeot.web.names import checked_name


def write_invitation(settings: Settings, name: str, *, days: int) -> None:
    """Prints the link. Raises `MalbeotError` for a name that is none, or where the key cannot be kept."""
    try:
        name = checked_name(name)
    except ValueError as error:
        raise MalbeotError(f"--for is no name: it {error}", exit_code=2) from None
    if not name:
        raise MalbeotError("--for is empty: give the name that the companion calls them", exit_code=2)
    token = invite(name, key=ensure_key(settings.malbeot_state), lifetime=timedelta(days=days))
    # After the #, because browsers keep that part to themselves: it reaches no server, proxy or log.
    print(f"{settings.web_public_url or page_address(settings)}/#invite={token}")
    if not settings.web_public_url:
        print(
            "malbeot: this link works on this machine only: set WEB_PUBLIC_URL to the page's address as callers "
            "elsewhere see it, and invite again",
            file=sys.stderr,
        )
