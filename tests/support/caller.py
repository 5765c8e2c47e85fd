"""A person who calls: joins a real room with LiveKit's own SDK, speaks, listens and reads the captions."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Self

import numpy as np
from livekit import api, rtc
from livekit.agents.types import (
    ATTRIBUTE_AGENT_STATE,
    ATTRIBUTE_TRANSCRIPTION_FINAL,
    ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID,
    TOPIC_CHAT,
    TOPIC_TRANSCRIPTION,
)

from malbeot.call import AGENT_NAME, CallRequest, Direction, Language
from malbeot.scenario import Scenario
from support.captions import Caption, Captions, Speaker
from support.microphone import Microphone
from support.recording import Recording
from support.speech import Speech

HEARING_RATE = 48000
_POLL_S = 0.02


def call_token(
    api_key: str,
    api_secret: str,
    *,
    persona: str = "",
    name: str = "",
    language: Language = "en",
    direction: Direction = "inbound",
    scenario: Scenario | None = None,
) -> tuple[str, str]:
    """A token that makes a new room, to which LiveKit brings the companion, and the room's name.

    The service's own tokens make none: `POST /api/calls` does.
    """
    room = f"call-{secrets.token_hex(8)}"
    request = CallRequest(persona=persona, name=name, language=language, direction=direction, scenario=scenario)
    dispatch = api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=request.model_dump_json())
    token = (
        api.AccessToken(api_key, api_secret)
        .with_identity(f"caller-{secrets.token_hex(4)}")
        .with_grants(api.VideoGrants(room_join=True, room_create=True, room=room))
        .with_room_config(api.RoomConfiguration(agents=[dispatch]))
    )
    return token.to_jwt(), room


class Caller:
    """`async with Caller(url=…, token=…)`: in the room from the first line to the last; hangs up at the end.

    Every time is in `time.monotonic` seconds. Waiting raises `TimeoutError`.
    """

    def __init__(self, *, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self.heard = Recording(HEARING_RATE)
        self.states: list[tuple[str, float]] = []
        """The companion's states (initializing, listening, thinking, speaking) and when each began."""
        self.dialled_at = 0.0
        """When connecting began."""
        self.connected_at = 0.0
        """When the caller was in the room."""
        self._captions = Captions()
        self._joined: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._room: rtc.Room | None = None
        self._call: contextlib.AbstractAsyncContextManager[None] | None = None

    async def __aenter__(self) -> Self:
        self._call = self._in_the_room()
        await self._call.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._call
        await self._call.__aexit__(kind, error, traceback)

    @property
    def room(self) -> rtc.Room:
        """The room as LiveKit's SDK knows it."""
        assert self._room
        return self._room

    @property
    def room_name(self) -> str:
        return self.room.name

    @property
    def captions(self) -> list[Caption]:
        return list(self._captions.segments.values())

    @property
    def late_s(self) -> float:
        """How far the microphone fell behind real time at worst, in seconds."""
        return self._microphone.late_s

    def attributes_of_companion(self) -> dict[str, str]:
        """What the companion tells of itself."""
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        agents = [them for them in self.room.remote_participants.values() if them.kind == kind]
        return dict(agents[0].attributes) if agents else {}

    def captions_of(self, speaker: Speaker, *, since: float | None = None) -> str:
        """What `speaker` said, by the captions that began at or after `since`."""
        return self._captions.text(speaker, since)

    async def play(self, speech: Speech) -> float:
        """Speaks. Returns when the last speech sample was sent, for which see `Microphone`."""
        speaking = asyncio.create_task(self._microphone.play(speech), name="caller")
        try:
            while not speaking.done():
                self._check()
                await asyncio.wait({speaking, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            return speaking.result()
        finally:
            speaking.cancel()
            await asyncio.wait({speaking})

    async def type(self, text: str) -> float:
        """Types a turn. Returns when it was sent."""
        await self.room.local_participant.send_text(text, topic=TOPIC_CHAT)
        return time.monotonic()

    async def agent_joined(self, *, timeout_s: float) -> float:
        """Waits until the companion is in the room. Returns when it came."""
        return await self._until(lambda: self._joined, timeout_s, "the companion did not join")

    async def wait_for_voice(self, *, timeout_s: float, since: float | None = None) -> float:
        """Waits for voice at or after `since` (the call's beginning). Returns when it was first heard."""
        start = self.connected_at if since is None else since
        return await self._until(lambda: self.heard.first_voice_after(start), timeout_s, "no voice was heard")

    async def wait_for_silence(self, quiet_s: float, *, timeout_s: float, since: float | None = None) -> float:
        """Waits until `quiet_s` went by without voice. Returns when the silence began, `since` at the earliest."""
        start = self.connected_at if since is None else since

        def silent() -> float | None:
            began = self.heard.silent_since(start)
            return began if time.monotonic() - began >= quiet_s else None

        return await self._until(silent, timeout_s, "the companion did not fall silent")

    async def wait_for_state(self, state: str, *, timeout_s: float) -> float:
        """Waits until the companion's state is `state`. Returns when it began."""

        def current() -> float | None:
            return self.states[-1][1] if self.states and self.states[-1][0] == state else None

        return await self._until(current, timeout_s, f"the companion's state did not become {state}")

    async def _until(self, found: Callable[[], float | None], timeout_s: float, complaint: str) -> float:
        deadline = time.monotonic() + timeout_s
        while (time_found := found()) is None:
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{complaint} within {timeout_s:g} s")
            await asyncio.sleep(_POLL_S)
        return time_found

    def _check(self) -> None:
        """Raises what went wrong in the background."""
        for task in self._tasks:
            if task.done():
                task.result()

    def _forget_if_well(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._tasks.discard(task)

    @contextlib.asynccontextmanager
    async def _in_the_room(self) -> AsyncIterator[None]:
        room = self._room = rtc.Room()
        self._microphone = Microphone()
        tracks: asyncio.Queue[rtc.Track] = asyncio.Queue()

        def start(work: Coroutine[None, None, None]) -> None:
            task = asyncio.create_task(work, name="caller")
            self._tasks.add(task)
            task.add_done_callback(self._forget_if_well)

        room.on("track_subscribed", lambda track, *_: tracks.put_nowait(track))
        room.on("participant_connected", self._note_companion)
        room.on("participant_attributes_changed", lambda _, participant: self._note_companion(participant))
        room.register_text_stream_handler(
            TOPIC_TRANSCRIPTION, lambda reader, identity: start(self._read(reader, identity))
        )
        try:
            self.dialled_at = time.monotonic()
            await room.connect(self._url, self._token)
            self.connected_at = time.monotonic()
            for participant in room.remote_participants.values():
                self._note_companion(participant)
            track = rtc.LocalAudioTrack.create_audio_track("microphone", self._microphone.source)
            start(self._microphone.run())
            start(self._listen(tracks))
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            await room.local_participant.publish_track(track, options)
            yield
            self._check()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await room.disconnect()
            await self._microphone.source.aclose()

    def _note_companion(self, participant: rtc.Participant) -> None:
        if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            return
        if self._joined is None:
            self._joined = time.monotonic()
        state = participant.attributes.get(ATTRIBUTE_AGENT_STATE)
        if state and (not self.states or self.states[-1][0] != state):
            self.states.append((state, time.monotonic()))

    async def _listen(self, tracks: asyncio.Queue[rtc.Track]) -> None:
        while True:
            track = await tracks.get()
            if track.kind != rtc.TrackKind.KIND_AUDIO:
                continue
            stream = rtc.AudioStream(track, sample_rate=HEARING_RATE, num_channels=1)
            try:
                async for event in stream:
                    self.heard.add(np.frombuffer(event.frame.data, np.int16), time.monotonic())
            finally:
                await stream.aclose()

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        speaker: Speaker = "caller" if identity == self.room.local_participant.identity else "companion"
        segment = (reader.info.attributes or {}).get(ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID, reader.info.stream_id)
        text = ""
        with contextlib.suppress(rtc.StreamError):  # the companion left in the middle of a sentence
            async for piece in reader:
                text += piece
                self._captions.replace(segment, speaker, text, final=False, at=time.monotonic())
        final = (reader.info.attributes or {}).get(ATTRIBUTE_TRANSCRIPTION_FINAL) == "true"
        if text:
            self._captions.replace(segment, speaker, text, final=final, at=time.monotonic())
