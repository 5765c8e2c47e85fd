"""Who may call: everyone on this machine; from elsewhere, who has the access code or an invitation."""

from typing import Annotated

from fastapi import Depends, Request

from malbeot.settings import Settings


class Access:
    """Decides about requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def admit(self, request: Request) -> "Guest":
        """Raises `HTTPException` 401 for who may not call, and 429 for who asks too often."""
        return Guest()


class Guest:
    """Who asks. `name` is what an invitation calls them, "" without one."""

    name = ""


async def _guest(request: Request) -> Guest:
    guest: Guest = await request.app.state.door.access.admit(request)
    return guest


TheGuest = Annotated[Guest, Depends(_guest)]
"""A route's parameter: only who may call gets further."""
