"""A call's token at the real LiveKit server: one room, one identity, some minutes, and a caller's rights alone."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from livekit import api, rtc

from malbeot.call import CallRequest
from malbeot.web.places import open_places
from malbeot.web.places.forsaken import Forsaken
from malbeot.web.places.live_rooms import LiveRooms
from malbeot.web.tokens import Ticket, issue
from support.stack import Stack, running_stack


@pytest.fixture(scope="module")
async def livekit(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state"), roles=("livekit",)) as running:
        yield running


def ticket_for(livekit: Stack) -> Ticket:
    """One whose room is not there."""
    return issue(CallRequest(name="Rose"), api_key=livekit.api_key, api_secret=livekit.api_secret)


async def with_room(livekit: Stack) -> Ticket:
    ticket = ticket_for(livekit)
    async with api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service:
        await LiveRooms(service, livekit.livekit_url).make(ticket.room, CallRequest(name="Rose"))
    return ticket


async def joined(livekit: Stack, token: str) -> rtc.Room:
    room = rtc.Room()
    await room.connect(livekit.livekit_url, token)
    return room


async def refused(livekit: Stack, token: str, *, status: int = 401) -> bool:
    room = rtc.Room()
    try:
        await room.connect(livekit.livekit_url, token)
    except rtc.ConnectError as error:
        return str(status) in str(error)
    await room.disconnect()
    return False


async def has_no_room(livekit: Stack, ticket: Ticket) -> bool:
    """The room of its token is not there, and the token makes none."""
    was_refused = await refused(livekit, ticket.token, status=404)
    async with api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service:
        return was_refused and not (await service.room.list_rooms(api.ListRoomsRequest(names=[ticket.room]))).rooms


def forged(token: str, **claims: Any) -> str:
    """The same token, with other claims under the same signature."""
    header, body, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    for name, value in claims.items():
        told[name] = {**told[name], **value} if isinstance(value, dict) else value
    body = base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


async def test_it_opens_its_room_with_its_identity(livekit: Stack) -> None:
    ticket = await with_room(livekit)
    room = await joined(livekit, ticket.token)
    try:
        assert (room.name, room.local_participant.identity) == (ticket.room, ticket.identity)
    finally:
        await room.disconnect()


async def test_it_opens_no_other_room_and_makes_nobody_else(livekit: Stack) -> None:
    mine, other = await with_room(livekit), await with_room(livekit)
    assert not await refused(livekit, forged(mine.token)), "what is compared below would show nothing"
    assert await refused(livekit, forged(mine.token, video={"room": other.room}))
    assert await refused(livekit, forged(mine.token, sub=other.identity))
    assert await refused(livekit, forged(mine.token, video={"roomAdmin": True}))
    assert await refused(livekit, issue(CallRequest(), api_key=livekit.api_key, api_secret="s" * 40).token)
    assert await refused(livekit, issue(CallRequest(), api_key="other", api_secret=livekit.api_secret).token)


async def test_it_opens_nothing_after_its_end(livekit: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malbeot.web.tokens.LIFETIME", timedelta(minutes=-2))
    assert await refused(livekit, (await with_room(livekit)).token)


async def test_it_opens_its_room_within_the_minute_after_its_end(
    livekit: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("malbeot.web.tokens.LIFETIME", timedelta(seconds=-30))
    assert not await refused(livekit, (await with_room(livekit)).token), "LiveKit gives no grace any more"


async def test_its_room_goes_away_as_it_was_made_whatever_the_server_has(
    livekit: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("EMPTY_TIMEOUT_S", 61), ("DEPARTURE_TIMEOUT_S", 6), ("MAX_PARTICIPANTS", 9)):
        monkeypatch.setattr(f"malbeot.web.places.live_rooms.{name}", value)
    ticket = await with_room(livekit)
    room = await joined(livekit, ticket.token)
    try:
        async with api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service:
            (known,) = (await service.room.list_rooms(api.ListRoomsRequest(names=[ticket.room]))).rooms
        assert (known.empty_timeout, known.departure_timeout, known.max_participants) == (61, 6, 9)
    finally:
        await room.disconnect()


async def test_it_makes_no_room(livekit: Stack) -> None:
    assert await has_no_room(livekit, ticket_for(livekit))


async def test_it_opens_nothing_after_its_call_was_ended(livekit: Stack) -> None:
    settings = livekit.settings.model_copy(update={"max_calls": 1})
    async with (
        api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service,
        open_places(settings, service) as places,
    ):
        for known in (await service.room.list_rooms(api.ListRoomsRequest())).rooms:
            await places.end(known.name)  # what is left of other tests
        ticket = ticket_for(livekit)
        await places.begin(ticket.room, CallRequest())
        caller = await joined(livekit, ticket.token)
        await places.end(ticket.room)
        await caller.disconnect()
        assert await has_no_room(livekit, ticket)
        assert await places.taken() == 0


async def test_it_opens_nothing_after_its_place_has_lapsed(livekit: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malbeot.web.places.live_rooms.EMPTY_TIMEOUT_S", 2)
    ticket = await with_room(livekit)
    await asyncio.sleep(4)
    assert await has_no_room(livekit, ticket)


async def test_a_call_to_which_no_companion_comes_is_ended_and_another_is_not(
    livekit: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("malbeot.web.places.forsaken.COMES_WITHIN_S", -1.0)
    alone, attended = await with_room(livekit), await with_room(livekit)
    grants = api.VideoGrants(room_join=True, room=attended.room, agent=True)
    agent = api.AccessToken(livekit.api_key, livekit.api_secret).with_kind("agent").with_identity("agent")
    rooms = [await joined(livekit, token) for token in (alone.token, attended.token)]
    rooms.append(await joined(livekit, agent.with_grants(grants).to_jwt()))
    try:
        async with api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service:
            forsaken = Forsaken(service)
            await forsaken.look()
            await forsaken.look()
            live = await LiveRooms(service, livekit.livekit_url).look()
        assert alone.room not in live
        assert attended.room in live
    finally:
        for room in rooms:
            await room.disconnect()


async def test_who_has_it_is_there_once(livekit: Stack) -> None:
    ticket = await with_room(livekit)
    first = await joined(livekit, ticket.token)
    reasons: list[int] = []
    first.on("disconnected", reasons.append)
    second = await joined(livekit, ticket.token)
    try:
        assert not second.remote_participants
        assert reasons == [rtc.DisconnectReason.DUPLICATE_IDENTITY]
    finally:
        await first.disconnect()
        await second.disconnect()


async def test_it_gives_no_power_over_rooms(livekit: Stack) -> None:
    ticket = await with_room(livekit)
    room = await joined(livekit, ticket.token)
    try:
        async with api.LiveKitAPI(livekit.livekit_url, token=ticket.token) as service:
            for wanted in (
                service.room.list_rooms(api.ListRoomsRequest()),
                service.room.delete_room(api.DeleteRoomRequest(room=ticket.room)),
                service.room.remove_participant(api.RoomParticipantIdentity(room=ticket.room, identity="agent")),
                service.agent_dispatch.create_dispatch(api.CreateAgentDispatchRequest(room=ticket.room)),
            ):
                with pytest.raises(api.TwirpError) as error:
                    await wanted
                assert error.value.status in (401, 403)
    finally:
        await room.disconnect()


async def test_it_publishes_a_microphone_and_no_screen(livekit: Stack) -> None:
    room = await joined(livekit, (await with_room(livekit)).token)
    try:
        source = rtc.AudioSource(48000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, microphone)
        screen = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
        with pytest.raises(rtc.participant.PublishTrackError):
            await room.local_participant.publish_track(rtc.LocalAudioTrack.create_audio_track("screen", source), screen)
        await source.aclose()
    finally:
        await room.disconnect()


async def test_a_companion_is_sent_for_again_where_no_worker_was_there(livekit: Stack) -> None:
    ticket = await with_room(livekit)
    async with api.LiveKitAPI(livekit.livekit_url, livekit.api_key, livekit.api_secret) as service:
        watching = [Forsaken(service), Forsaken(service)]
        (first,) = await service.agent_dispatch.list_dispatch(ticket.room)
        await asyncio.gather(*(one.look() for one in watching))
        assert [first.id] == [sent.id for sent in await service.agent_dispatch.list_dispatch(ticket.room)]
        await asyncio.gather(*(one.look() for one in watching))
        (second,) = await service.agent_dispatch.list_dispatch(ticket.room)
    assert first.id != second.id
    assert (first.agent_name, first.metadata) == (second.agent_name, second.metadata)
