"""LiveKit's list of rooms, scripted: a real HTTP server with what the web service and the worker ask it for."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from livekit import api
from livekit.api import TokenVerifier


class ScriptedLiveKit:
    """Holds `rooms`, answers after `delay_s`, and with an error while `broken`. Counts how often it was looked at."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        self._verifier = TokenVerifier(api_key, api_secret)
        self.rooms: set[str] = set()
        self.with_companion: set[str] = set()
        """Those in which an agent is."""
        self.vanished: set[str] = set()
        """Those that end just after they were listed."""
        self.dispatches: dict[str, api.AgentDispatch] = {}
        """By room; with jobs where a worker took it."""
        self.made: dict[str, api.CreateRoomRequest] = {}
        """What rooms were made with, also those that are gone."""
        self.created_at = 0.0
        """When all its rooms were made, in Unix time."""
        self.delay_s = 0.0
        self.broken = False
        self.makes_rooms = True
        self.makes_dispatches = True
        self.looks = 0
        self.url = ""
        self._numbers = itertools.count()

    async def _list(self, request: web.Request) -> web.Response:
        self.looks += 1
        rooms = sorted(self.rooms)
        await self._answer(request)
        answer = api.ListRoomsResponse(
            rooms=[api.Room(name=name, creation_time=int(self.created_at)) for name in rooms]
        )
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    async def _create(self, request: web.Request) -> web.Response:
        wanted = api.CreateRoomRequest.FromString(await request.read())
        await self._answer(request)
        if not self.makes_rooms:
            return web.json_response({"code": "resource_exhausted", "msg": "node limit reached"}, status=429)
        self.rooms.add(wanted.name)
        self.made[wanted.name] = wanted
        return web.Response(body=api.Room(name=wanted.name).SerializeToString(), content_type="application/protobuf")

    async def _delete(self, request: web.Request) -> web.Response:
        await self._answer(request)
        room = api.DeleteRoomRequest.FromString(await request.read()).room
        if room not in self.rooms:
            return web.json_response({"code": "not_found", "msg": "requested room does not exist"}, status=404)
        self.rooms.remove(room)
        return web.Response(body=b"", content_type="application/protobuf")

    async def _participants(self, request: web.Request) -> web.Response:
        await self._answer(request)
        room = api.ListParticipantsRequest.FromString(await request.read()).room
        if room in self.vanished:
            return web.Response(body=b"", content_type="application/protobuf")
        caller = api.ParticipantInfo(identity="caller", kind=api.ParticipantInfo.Kind.STANDARD)
        agent = api.ParticipantInfo(identity="agent", kind=api.ParticipantInfo.Kind.AGENT)
        there = [caller, agent] if room in self.with_companion else [caller]
        answer = api.ListParticipantsResponse(participants=there)
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    async def _list_dispatch(self, request: web.Request) -> web.Response:
        await self._answer(request)
        room = api.ListAgentDispatchRequest.FromString(await request.read()).room
        if room in self.vanished:
            return web.json_response({"code": "unavailable", "msg": "no response from servers"}, status=503)
        there = [self.dispatches[room]] if room in self.dispatches else []
        answer = api.ListAgentDispatchResponse(agent_dispatches=there)
        return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")

    async def _delete_dispatch(self, request: web.Request) -> web.Response:
        await self._answer(request)
        wanted = api.DeleteAgentDispatchRequest.FromString(await request.read())
        found = self.dispatches.get(wanted.room)
        if not found or found.id != wanted.dispatch_id:
            return web.json_response({"code": "not_found", "msg": "dispatch ID not found"}, status=404)
        del self.dispatches[wanted.room]
        return web.Response(body=found.SerializeToString(), content_type="application/protobuf")

    async def _create_dispatch(self, request: web.Request) -> web.Response:
        await self._answer(request)
        wanted = api.CreateAgentDispatchRequest.FromString(await request.read())
        assert wanted.room not in self.dispatches, "two companions are sent for"
        if not self.makes_dispatches:
            return web.json_response({"code": "unavailable", "msg": "no response from servers"}, status=503)
        made = api.AgentDispatch(
            id=f"AD_{next(self._numbers)}", room=wanted.room, agent_name=wanted.agent_name, metadata=wanted.metadata
        )
        self.dispatches[wanted.room] = made
        return web.Response(body=made.SerializeToString(), content_type="application/protobuf")

    async def _remove(self, request: web.Request) -> web.Response:
        """There is nobody in these rooms."""
        await self._answer(request)
        return web.json_response({"code": "not_found", "msg": "participant does not exist"}, status=404)

    async def _answer(self, request: web.Request) -> None:
        await asyncio.sleep(self.delay_s)
        if self.broken:
            raise web.HTTPServiceUnavailable
        self._verifier.verify(request.headers["Authorization"].removeprefix("Bearer "))


@asynccontextmanager
async def scripted_livekit(api_key: str, api_secret: str) -> AsyncIterator[ScriptedLiveKit]:
    """On a free loopback port until the end."""
    livekit = ScriptedLiveKit(api_key, api_secret)
    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/ListRooms", livekit._list)
    app.router.add_post("/twirp/livekit.RoomService/CreateRoom", livekit._create)
    app.router.add_post("/twirp/livekit.RoomService/DeleteRoom", livekit._delete)
    app.router.add_post("/twirp/livekit.RoomService/ListParticipants", livekit._participants)
    app.router.add_post("/twirp/livekit.RoomService/RemoveParticipant", livekit._remove)
    app.router.add_post("/twirp/livekit.AgentDispatchService/ListDispatch", livekit._list_dispatch)
    app.router.add_post("/twirp/livekit.AgentDispatchService/DeleteDispatch", livekit._delete_dispatch)
    app.router.add_post("/twirp/livekit.AgentDispatchService/CreateDispatch", livekit._create_dispatch)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        livekit.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        yield livekit
    finally:
        await runner.cleanup()
