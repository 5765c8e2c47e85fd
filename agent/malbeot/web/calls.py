"""Calls: a place and a token for whoever may call, and an end to a call."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, HTTPException, Request
from pydantic import AfterValidator, BaseModel, ConfigDict

from malbeot.call import CallRequest, Direction, Language
from malbeot.memory.names import SessionName
from malbeot.persona_choice import choose_persona
from malbeot.scenario import ScenarioChoice, chosen_scenario
from malbeot.web.access import TheGuest, language_of
from malbeot.web.access.guarded import GuardedRoute
from malbeot.web.conversation import key_of
from malbeot.web.door import TheDoor
from malbeot.web.names import checked_name
from malbeot.web.places import Full, TooMany, Unavailable
from malbeot.web.refusals import refusal, too_many
from malbeot.web.tokens import issue, opens

router = APIRouter(prefix="/api", route_class=GuardedRoute)


class NewCall(BaseModel):
    """Who calls, in which language, and whom. No persona: the one that the operator chose, or by language.

    The name of an invitation stands in for one that is left out. An `outbound` call is greeted as one that the
    companion makes. A `session` is remembered for an hour: another call of it, or `/v1/chat/completions`, goes on with
    what was said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(checked_name)] = ""
    language: Language
    persona: str = ""
    direction: Direction = "inbound"
    scenario: ScenarioChoice = None
    session: SessionName | None = None


class CallTicket(BaseModel):
    """Where to join and with what. The token also proves whose call it is when that is ended, as long as it lasts."""

    url: str
    token: str
    room: str
    identity: str
    expires_at: datetime


class NoCall(BaseModel):
    """Why no call can begin or end just now. `Retry-After` says when to ask again, in seconds."""

    message: str
    reason: Literal["full", "server-down"]


@router.post("/calls", status_code=201, responses={503: {"model": NoCall, "description": "No place, or no server"}})
async def new_call(call: NewCall, door: TheDoor, guest: TheGuest) -> CallTicket:
    """A place and a room, held for 20 seconds until the caller has joined, and then until the call is over.

    The companion is sent there at once. The token makes no room: what is over stays so.
    """
    if call.persona and call.persona not in door.personas:
        raise HTTPException(422, f"persona: there is none with this id; there are {', '.join(sorted(door.personas))}")
    asked = CallRequest(
        persona=call.persona, name=call.name or guest.name, language=call.language, direction=call.direction
    )
    persona = choose_persona(door.personas, asked, door.settings)
    try:
        scenario = chosen_scenario(call.scenario, door.scenarios, language=persona.language)
    except LookupError as error:
        raise HTTPException(422, str(error.args[0])) from None
    conversation = key_of(call.session, guest, persona)
    asked = asked.model_copy(update={"scenario": scenario, "conversation": conversation})
    door.access.count_call(guest, call.language)
    key, secret = door.settings.livekit_keys
    ticket = issue(asked, api_key=key, api_secret=secret)
    try:
        await door.places.begin(ticket.room, asked, invitation=guest.invitation)
    except TooMany as why:
        raise too_many(why, call.language) from None
    except (Full, Unavailable) as why:
        door.figures.no_place(full=isinstance(why, Full))
        raise refusal(why, call.language) from None
    return CallTicket(
        url=door.settings.livekit_public_url or door.settings.livekit_url,
        token=ticket.token,
        room=ticket.room,
        identity=ticket.identity,
        expires_at=ticket.expires_at,
    )


@router.delete(
    "/calls/{room}",
    status_code=204,
    responses={
        404: {"description": "No call of this token"},
        503: {"model": NoCall, "description": "No server"},
    },
)
async def end_call(
    room: str, request: Request, door: TheDoor, token: Annotated[str, Header(alias="X-Call-Token")] = ""
) -> None:
    """Ends a call and gives its place back; for who has its token. One that is over already is left so."""
    key, secret = door.settings.livekit_keys
    if not opens(token, room, api_key=key, api_secret=secret):
        # The same for a call of somebody else and for none, so that nobody learns which there are.
        raise HTTPException(404, "There is no such call, or it is not yours: send its token as X-Call-Token.")
    try:
        await door.places.end(room)
    except Unavailable as why:
        raise refusal(why, language_of(request)) from None
