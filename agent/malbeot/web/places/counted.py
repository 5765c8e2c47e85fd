"""Places, counted by what is kept and by what lives at LiveKit."""

import asyncio
from collections.abc import Awaitable, Callable

from malbeot.call import CallRequest
from malbeot.log import logger
from malbeot.web.places.errors import Full, Unavailable
from malbeot.web.places.invited import InvitedCalls
from malbeot.web.places.live_rooms import LiveRooms
from malbeot.web.places.store import JOINS_WITHIN_S, Outcome, Store, Verdict

FRESH_S = 1.0
"""How old a look at LiveKit may be that is decided by."""
RETRY_AFTER_S = 30.0
"""When it is worth asking again where no place is about to be given back, in seconds."""
_ANY_AGE_S = 1e9


class CountedPlaces:
    """The places of one web process, `limit` over all that share `store`.

    However many ask at once, one look at LiveKit is on its way, and all of them decide by it.
    """

    def __init__(self, store: Store, rooms: LiveRooms, *, limit: int) -> None:
        self._store = store
        self._rooms = rooms
        self._invited = InvitedCalls(rooms)
        self._limit = limit
        self._looking = asyncio.Lock()
        self._looks = 0
        self._failure: Unavailable | None = None
        """How the last look failed."""
        self._told = ""

    async def begin(self, room: str, request: CallRequest, *, invitation: str = "") -> None:
        """Takes a place and makes the room, which nobody else does. Raises `Full`, `TooMany` and `Unavailable`."""
        if invitation:
            await self._invited.add(invitation, room)
        try:
            await self.take(room)
            await self._make(room, request)
        except BaseException:
            self._invited.forget(room)
            raise
        self._told = ""

    async def _make(self, room: str, request: CallRequest) -> None:
        try:
            await self._rooms.make(room, request)
        except Unavailable as error:
            self._tell(error)
            await self._store.free(room)
            raise

    async def take(self, room: str) -> None:
        """A place for `room`. Raises `Full` and `Unavailable`."""
        verdict = await self._ask(lambda fresh_s: self._store.take(room, limit=self._limit, fresh_s=fresh_s))
        if verdict.outcome is Outcome.FULL:
            raise Full(verdict.back_in_s if verdict.back_in_s < JOINS_WITHIN_S else RETRY_AFTER_S)

    async def taken(self) -> int:
        """How many calls there are. Raises `Unavailable`."""
        calls = (await self._ask(lambda fresh_s: self._store.count(fresh_s=fresh_s))).calls
        self._told = ""
        return calls

    async def end(self, room: str) -> None:
        """Ends the call, if it is not over, and gives its place back. Raises `Unavailable`."""
        try:
            await self._rooms.end(room)
            self._invited.forget(room)
            await self._store.free(room)
        except Unavailable as error:
            self._tell(error)
            raise

    async def _ask(self, question: Callable[[float], Awaitable[Verdict]]) -> Verdict:
        """A verdict that is not stale. Raises `Unavailable` where there is none."""
        looks = self._looks
        try:
            verdict = await question(FRESH_S)
            if verdict.outcome is Outcome.STALE:
                await self._look(looks, began=verdict.now)
                verdict = await question(_ANY_AGE_S)
            if verdict.outcome is Outcome.STALE:
                raise Unavailable(
                    "the calls cannot be counted: what keeps their places has just lost what was noted in it (it was "
                    "emptied or replaced, or its clock was set back): try again"
                )
        except Unavailable as error:
            self._tell(error)
            raise
        return verdict

    async def _look(self, looks: int, *, began: float) -> None:
        """Looks, unless somebody has since there were `looks`: what came of that is everybody's."""
        async with self._looking:
            if self._looks == looks:
                try:
                    await self._store.note(await self._rooms.look(), began=began)
                    self._failure = None
                except Unavailable as error:
                    self._failure = error
                self._looks += 1
            failure = self._failure
        if failure:
            raise Unavailable(str(failure))

    def _tell(self, error: Unavailable) -> None:
        """Once, however many ask while it lasts."""
        if str(error) != self._told:
            logger.warning("no call can begin: %s", error)
            self._told = str(error)
