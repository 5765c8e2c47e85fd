"""Who may call: who has the access code or an invitation, and everyone on this machine while it is all there is.

A service with a public address has a proxy or a tunnel before it, which connects from this machine for the whole world
and may add no header that tells. Then being on this machine opens nothing.
"""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security.utils import get_authorization_scheme_param
from limits import RateLimitItemPerMinute

from malbeot.call import Language
from malbeot.errors import MalbeotError
from malbeot.log import logger
from malbeot.settings import Settings
from malbeot.web.access.invitation_key import read_key
from malbeot.web.access.invitations import invited
from malbeot.web.access.peers import counted_address, is_from_here
from malbeot.web.access.rates import Rate
from malbeot.web.access.words import NOT_INVITED, TOO_MANY_CALLS, TOO_OFTEN, language_of

__all__ = ["Access", "Guest", "TheGuest", "admitted", "language_of", "operator"]

WRONG = RateLimitItemPerMinute(10)
"""Wrong codes and invitations from one address: 14,400 a day, of the 100 million that 8 digits alone can be."""
WRONG_IN_ALL = RateLimitItemPerMinute(300)
"""Wrong ones from all addresses: who guesses from many gets no further than 30 of them."""
ADMITTED = RateLimitItemPerMinute(60)
"""Requests from one address that may call: a home of twenty callers behind one address is not slowed down."""
INVITED_CALLS = RateLimitItemPerMinute(10)
"""Calls of one invitation: more than anybody dials. How many there are at once is `places/invited.py`'s to say."""
CODE_CALLS = RateLimitItemPerMinute(30)
"""Calls with the code from one address: such a home calls all at once, and then once more."""

_EVERYONE = "everyone"


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Who asks. `name` is what an invitation calls them and `invitation` its id, both "" without one.

    `address` is where they are counted, "" for who is not.
    """

    name: str = ""
    invitation: str = ""
    address: str = ""


class Access:
    """Decides about requests, and counts those from elsewhere by address, in this process alone."""

    def __init__(self, settings: Settings) -> None:
        self._state = settings.malbeot_state
        self._code = settings.access_code
        self._open_here = settings.web_public_url is None
        self._wrong = Rate(WRONG)
        self._wrong_in_all = Rate(WRONG_IN_ALL)
        self._admitted = Rate(ADMITTED)
        self._invited_calls = Rate(INVITED_CALLS)
        self._code_calls = Rate(CODE_CALLS)
        self._key_is_broken = ""

    async def admit(self, request: Request) -> Guest:
        """Raises `HTTPException` 401 for who may not call, and 429 for who asks too often."""
        if self._open_here and is_from_here(request):
            return Guest()
        offered = _bearer(request)
        key = await self._key()
        address = counted_address(request)
        # From here on nothing is awaited, or many tries at once would be judged before the first one counts.
        guest = self._invited(offered, key) or self._with_code(request, offered, address)
        if not self._admitted.take(address):
            raise _too_often(language_of(request), self._admitted.wait_s(address))
        return replace(guest, address=address)

    def count_call(self, guest: Guest, language: Language) -> None:
        """Raises `HTTPException` 429 for a guest who begins calls too often: each holds a place for a while."""
        rate, who = (self._invited_calls if guest.invitation else self._code_calls), guest.invitation or guest.address
        if who and not rate.take(who):
            raise _too_often(language, rate.wait_s(who), TOO_MANY_CALLS)

    def _invited(self, offered: bytes, key: str | None) -> Guest | None:
        invitation = invited(offered.decode("latin-1"), key=key) if key else None
        return Guest(name=invitation.name, invitation=invitation.id) if invitation else None

    def _with_code(self, request: Request, offered: bytes, address: str) -> Guest:
        """Nobody guesses an invitation, so it is codes that wait, and the right one as well, or a guess would tell."""
        if wait_s := self._wrong.wait_s(address) or (self._wrong_in_all.wait_s(_EVERYONE) if offered else 0):
            raise _too_often(language_of(request), wait_s)
        if self._code and hmac.compare_digest(offered, self._code.get_secret_value().encode()):
            return Guest()
        if offered:
            self._count_wrong(address)
        raise HTTPException(401, NOT_INVITED[language_of(request)], headers={"WWW-Authenticate": "Bearer"})

    def _count_wrong(self, address: str) -> None:
        self._wrong.take(address)
        if self._wrong.wait_s(address):
            logger.warning("%d wrong codes or invitations a minute from %s: it has to wait", WRONG.amount, address)
        self._wrong_in_all.take(_EVERYONE)
        if self._wrong_in_all.wait_s(_EVERYONE):
            logger.warning(
                "%d wrong codes or invitations a minute in all: only invitations open now", WRONG_IN_ALL.amount
            )

    async def _key(self) -> str | None:
        try:
            return await asyncio.to_thread(read_key, self._state)
        except MalbeotError as error:
            if str(error) != self._key_is_broken:  # said once, or whoever knocks could fill the log
                self._key_is_broken = str(error)
                logger.error("no invitation is good now: %s", error)
            return None


def _bearer(request: Request) -> bytes:
    """What `Authorization: Bearer …` holds; empty without it."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
    return credentials.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def _too_often(language: Language, wait_s: int, sentences: Mapping[Language, str] = TOO_OFTEN) -> HTTPException:
    said = sentences[language].format(seconds=wait_s)
    return HTTPException(429, said, headers={"Retry-After": str(max(1, wait_s))})


async def admitted(request: Request) -> Guest:
    """A route's dependency: only who may call gets further. Raises `HTTPException` 401 or 429."""
    guest: Guest | None = getattr(request.state, "guest", None)
    if guest is None:
        guest = request.state.guest = await _access(request).admit(request)
    return guest


def _access(request: Request) -> Access:
    access: Access = request.app.state.door.access
    return access


async def operator(request: Request) -> None:
    """A route's dependency: only who is on this machine gets further, and has the code where that alone opens nothing.

    What operators are told is of no use to callers, and to others it might be, so an invitation does not open it.
    Raises `HTTPException` 404, 401 or 429.
    """
    if not is_from_here(request) or (await _access(request).admit(request)).invitation:
        raise HTTPException(404, "Not Found")


TheGuest = Annotated[Guest, Depends(admitted)]
"""A route's parameter: only who may call gets further."""
