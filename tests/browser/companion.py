"""A companion without a mind: in the call's room as the page expects one, it hums, and reads what is written to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from livekit import api, rtc
from livekit.agents.types import ATTRIBUTE_AGENT_STATE, TOPIC_CHAT
from playwright.async_api import Page

from browser.chromium import wait_for_state
from support.stack import Stack

_RATE = 48000
_HUM = (8000 * np.sin(2 * np.pi * 300 * np.arange(_RATE // 50) / _RATE)).astype(np.int16)
"""20 ms, so six whole periods of 300 Hz."""


async def call(page: Page) -> str:
    """Presses the button, and returns the room that the service gave."""
    async with page.expect_response(lambda answer: answer.request.method == "POST") as asked:
        await page.click("#call")
    return str((await (await asked.value).json())["room"])


@asynccontextmanager
async def answered(stack: Stack, page: Page) -> AsyncIterator[list[str]]:
    """A call that is answered, and everything that is written in it; at the end the companion leaves."""
    name = await call(page)
    token = (
        api.AccessToken(stack.api_key, stack.api_secret)
        .with_identity("companion")
        .with_kind("agent")
        .with_attributes({ATTRIBUTE_AGENT_STATE: "listening"})
        .with_grants(api.VideoGrants(room_join=True, room=name))
    )
    room, source, read = rtc.Room(), rtc.AudioSource(_RATE, 1), list[str]()
    reading: set[asyncio.Task[None]] = set()

    async def take(stream: rtc.TextStreamReader) -> None:
        read.append(await stream.read_all())

    room.register_text_stream_handler(TOPIC_CHAT, lambda stream, _: reading.add(asyncio.create_task(take(stream))))
    await room.connect(stack.livekit_url, token.to_jwt())
    await room.local_participant.publish_track(rtc.LocalAudioTrack.create_audio_track("voice", source))
    humming = asyncio.create_task(_hum(source))
    try:
        await wait_for_state(page, "listening")
        yield read
    finally:
        for task in (humming, *reading):
            task.cancel()
        await asyncio.gather(humming, *reading, return_exceptions=True)
        await room.disconnect()
        await source.aclose()


async def _hum(source: rtc.AudioSource) -> None:
    frame = rtc.AudioFrame(_HUM.tobytes(), _RATE, 1, len(_HUM))
    while True:
        await source.capture_frame(frame)
