"""What a client with LiveKit's own SDK can do to the companion from within its call's room: nothing but talk."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from livekit import rtc
from livekit.agents.types import TOPIC_CHAT
from livekit.agents.voice.remote_session import RemoteSession

from support.caller import Caller, call_token
from support.scripted_llm import scripted_model
from support.stack import Stack, running_stack

_MIB = 2**20
_PRE_CONNECT = "lk.agent.pre-connect-audio-buffer"


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("room")
    async with (
        scripted_model() as model,
        running_stack(folder, roles=("livekit", "ears", "voice", "worker"), env=model.environment) as running,
    ):
        yield running


@pytest.fixture
async def caller(stack: Stack) -> AsyncIterator[Caller]:
    """One who was greeted."""
    token, _ = call_token(stack.api_key, stack.api_secret, language="en")
    async with Caller(url=stack.livekit_url, token=token) as caller:
        await caller.wait_for_voice(timeout_s=20)
        await caller.wait_for_silence(1.0, timeout_s=30)
        yield caller


async def is_answered(caller: Caller) -> None:
    typed_at = await caller.type("Are you still there?")
    await caller.wait_for_voice(timeout_s=15, since=typed_at)
    await caller.wait_for_silence(1.0, timeout_s=15, since=typed_at + 0.5)


def memory(stack: Stack) -> int:
    """Of all the worker's processes."""
    return sum(psutil.Process(pid).memory_info().rss for pid in stack.pids["worker"])


async def test_it_neither_reads_the_instructions_nor_steers_the_session(caller: Caller) -> None:
    """LiveKit's own client is answered within milliseconds where a session is hosted."""
    (companion,) = caller.room.remote_participants
    remote = RemoteSession.from_room(caller.room, companion)
    await remote.start()
    try:
        with pytest.raises(TimeoutError):
            await remote.wait_for_ready(timeout=3)
    finally:
        await remote.aclose()


async def test_it_neither_freezes_the_companion_nor_fills_its_memory(stack: Stack, caller: Caller) -> None:
    """Sound at 1 Hz, of which LiveKit makes frames without end, and a text that is small only while it is packed."""
    sender = caller.room.local_participant
    before, log_before = memory(stack), len(stack.log("worker"))
    sound = {"trackId": "TR_x", "sampleRate": "1", "channels": "1"}
    await (writer := await sender.stream_bytes("sound", topic=_PRE_CONNECT, attributes=sound)).write(b"00")
    await writer.aclose()
    for topic in (TOPIC_CHAT, "nobody's"):
        await sender.send_text("a" * 50 * _MIB, topic=topic)
    await asyncio.sleep(2.0)
    assert memory(stack) - before < 60 * _MIB
    await is_answered(caller)
    log = stack.log("worker")[log_before:]
    assert "Traceback" not in log
    assert "nobody's" not in log


async def test_the_companion_takes_its_voice_and_not_its_camera(caller: Caller) -> None:
    taken: set[str] = set()
    caller.room.on("local_track_subscribed", lambda track: taken.add(track.sid))
    camera, microphone = rtc.VideoSource(64, 64), rtc.AudioSource(48000, 1)
    sender = caller.room.local_participant
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
    seen = await sender.publish_track(rtc.LocalVideoTrack.create_video_track("camera", camera), options)
    camera.capture_frame(rtc.VideoFrame(64, 64, rtc.VideoBufferType.RGBA, np.zeros(64 * 64 * 4, np.uint8).tobytes()))
    heard = await sender.publish_track(rtc.LocalAudioTrack.create_audio_track("second", microphone))
    try:
        deadline = asyncio.get_running_loop().time() + 10
        while heard.sid not in taken:
            assert asyncio.get_running_loop().time() < deadline, "nothing is taken"
            await asyncio.sleep(0.05)
        assert seen.sid not in taken
    finally:
        await microphone.aclose()
        await camera.aclose()
