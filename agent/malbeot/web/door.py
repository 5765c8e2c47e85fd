"""What the requests of one web process share, made once when it starts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp
from fastapi import Depends, Request
from livekit import api
from livekit.agents import llm, utils

from malbeot.memory import forget_old, open_conversations
from malbeot.persona import Persona
from malbeot.scenario import ScenarioFile
from malbeot.settings import Settings
from malbeot.turn_taking.courtesy import Courtesy
from malbeot.voices.schema import Voice
from malbeot.web.access import Access
from malbeot.web.chat.sessions import Sessions
from malbeot.web.figures import Figures
from malbeot.web.places import Places, open_places
from malbeot.web.places.forsaken import Forsaken
from malbeot.web.readiness import Readiness
from malbeot.web.slots import GENERATIONS, SPEECHES, Slots


@dataclass(frozen=True, kw_only=True)
class Door:
    """One web process."""

    settings: Settings
    personas: Mapping[str, Persona]
    http: aiohttp.ClientSession
    livekit: api.LiveKitAPI
    places: Places
    access: Access
    readiness: Readiness
    figures: Figures
    scenarios: Mapping[str, ScenarioFile]
    voices: Mapping[str, Voice]
    model: llm.LLM[Any]
    sessions: Sessions
    generations: Slots
    speeches: Slots


@asynccontextmanager
async def open_door(
    settings: Settings,
    personas: Mapping[str, Persona],
    *,
    scenarios: Mapping[str, ScenarioFile],
    voices: Mapping[str, Voice],
    model: llm.LLM[Any],
) -> AsyncIterator[Door]:
    """Raises `MalbeotError` where what it needs cannot be had. `model` is closed with it."""
    key, secret = settings.livekit_keys
    calls = Courtesy(settings.malbeot_state / "waiting", "web")
    async with utils.http_context.open():
        http = utils.http_context.http_session()
        livekit = api.LiveKitAPI(settings.livekit_url, key, secret, session=http)
        async with (
            open_places(settings, livekit) as places,
            open_conversations(settings) as conversations,
            model,
        ):
            ending = asyncio.create_task(Forsaken(livekit).watch(), name="forsaken calls")
            forgetting = asyncio.create_task(forget_old(settings), name="old conversations")
            door = Door(
                settings=settings,
                personas=personas,
                http=http,
                livekit=livekit,
                places=places,
                access=Access(settings),
                readiness=Readiness(settings, http, places),
                figures=Figures(),
                scenarios=scenarios,
                voices=voices,
                model=model,
                sessions=Sessions(conversations),
                generations=Slots(GENERATIONS, calls_wait=calls.others_wait),
                speeches=Slots(SPEECHES, calls_wait=calls.others_wait),
            )
            try:
                yield door
            finally:
                await utils.aio.cancel_and_wait(ending, forgetting)


def _door(request: Request) -> Door:
    door = request.app.state.door
    assert isinstance(door, Door)
    return door


TheDoor = Annotated[Door, Depends(_door)]
"""A route's parameter."""
