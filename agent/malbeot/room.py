"""How the companion is in a call's room: it hears the caller, and takes no more from them than a caller has to say."""

from dataclasses import replace

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext

MOST_BYTES = 64 * 1024
"""Of one data stream, inflated: what is typed has 4 kB at most. LiveKit's own limit is 5 GB, and a client may send that
as 5 MB."""


async def join(job: JobContext) -> None:
    """Joins the call's room. Cameras are not subscribed to: nobody looks. Raises `rtc.ConnectError`."""
    room = job.room
    connect = room.connect

    async def connect_bounded(url: str, token: str, options: rtc.RoomOptions | None = None) -> None:
        limit = rtc.DataStreamOptions(max_payload_byte_length=MOST_BYTES)
        await connect(url, token, replace(options or rtc.RoomOptions(), data_stream=limit))

    # `JobContext.connect` has no way to tell the room (livekit-agents 1.8).
    room.connect = connect_bounded  # type: ignore[method-assign]
    await job.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
