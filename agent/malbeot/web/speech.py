"""`/v1/audio/speech` and `/v1/audio/voices`: the companion's voice behind OpenAI's interface, for any text."""

import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, tts, utils
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from malbeot.errors import SettingsError
from malbeot.log import logger
from malbeot.providers import create_voice
from malbeot.voices.schema import SpeechLanguage, Voice
from malbeot.web.access import TheGuest
from malbeot.web.access.guarded import GuardedRoute
from malbeot.web.chat.refusals import busy, refusal, refused
from malbeot.web.door import TheDoor
from malbeot.web.leaving import send_to_reader, unless_left
from malbeot.web.slots import Busy, Slots

router = APIRouter(prefix="/v1/audio", route_class=GuardedRoute)

MAX_TEXT = 4000
"""Characters."""
_PCM_RATE_HZ = 24000
"""What OpenAI's clients take `pcm` for: 24 kHz, mono, 16 bits, least byte first."""
_MEDIA_TYPES = {"wav": "audio/wav", "pcm": "audio/pcm"}
_UNKNOWN_LENGTH = 0xFFFFFFFF
"""In a WAV header that is sent before the sound's end is known."""
_ONCE = APIConnectOptions(max_retry=0, timeout=20.0)
_SLOWEST, _FASTEST = 0.5, 2.0
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Sound, as it is made",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _MEDIA_TYPES.values()},
    },
    400: {"description": "What is wrong or cannot be honoured"},
    404: {"description": "No such voice"},
    429: {"description": "Asked too often, or another text is being spoken just now"},
    503: {"description": "No voice server speaks"},
}


class SpeechRequest(BaseModel):
    """What is to be said, and with which voice. `model` changes nothing: a voice has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "malbeot"
    voice: str
    input: Annotated[str, Field(max_length=MAX_TEXT)]
    response_format: Literal["wav", "pcm"] = "wav"
    speed: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    """Of the voice's own pace; what comes out is kept between half and twice the recording's."""
    language: SpeechLanguage | None = None
    """One that the voice speaks; its first without it."""
    stream_format: Literal["audio"] = "audio"


@router.get("/voices")
async def voices(door: TheDoor, guest: TheGuest) -> dict[str, list[dict[str, Any]]]:
    """Every voice, and what it speaks."""
    return {"voices": [{"id": voice.id, "languages": list(voice.languages)} for voice in door.voices.values()]}


@router.post("/speech", response_class=Response, responses=_RESPONSES)
async def speak(speech: SpeechRequest, door: TheDoor, guest: TheGuest) -> Response:
    """Speaks a text, and sends the sound while it is made."""
    if speech.voice not in door.voices:
        known = ", ".join(door.voices)
        raise refusal(404, f"voice: there is none with this id; there are {known}.", param="voice", code="not_found")
    if not any(char.isalnum() for char in speech.input):
        raise refusal(400, "input: holds no word that can be spoken", param="input")
    voice = door.voices[speech.voice]
    try:
        speaker = create_voice(door.settings, _paced(voice, speech.speed), _text_lang(voice, speech.language))
    except SettingsError as error:
        logger.error("nobody can speak with voice %s: %s", voice.id, error)
        raise refusal(503, "This voice cannot speak just now: its operator has to see to it.") from None
    return Speech(speech.input, speaker=speaker, kind=speech.response_format, slots=door.speeches)


class Speech(Response):
    """Asks for the sound when it is sent, and stops when its listener leaves. `speaker` is closed with it."""

    def __init__(self, text: str, *, speaker: tts.TTS[Any], kind: Literal["wav", "pcm"], slots: Slots) -> None:
        super().__init__()
        self._text = text
        self._speaker = speaker
        self._kind = kind
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with (
            utils.http_context.open(),  # requests do not inherit the one of the process
            self._speaker as speaker,
            AsyncExitStack() as held,
        ):
            try:
                if not await unless_left(receive, held.enter_async_context(self._slots.one())):
                    return
            except Busy:
                await refused(busy())(scope, receive, send)
                return
            stream = await held.enter_async_context(speaker.synthesize(self._text, conn_options=_ONCE))
            sound = aiter(stream)
            begun: list[tts.SynthesizedAudio] = []

            async def begin() -> None:
                begun.append(await anext(sound))

            try:
                if not await unless_left(receive, begin()):
                    return
            except (APIError, StopAsyncIteration) as error:
                logger.warning("a text could not be spoken: %s", error if isinstance(error, APIError) else "no sound")
                failed = refused(refusal(503, "The voice is not reachable: please try again in a little while."))
                await send_to_reader(failed, scope, receive, send)
                return
            async with aclosing(self._bytes(begun[0], sound)) as body:
                try:
                    response = StreamingResponse(body, media_type=_MEDIA_TYPES[self._kind])
                    await send_to_reader(response, scope, receive, send)
                except APIError as error:
                    # The response stays without its end, and so the server breaks the connection: who listens is to
                    # know that something is missing.
                    logger.warning("a text was not spoken to its end: %s", error)

    async def _bytes(
        self, first: tts.SynthesizedAudio, rest: AsyncIterator[tts.SynthesizedAudio]
    ) -> AsyncGenerator[bytes, None]:
        """Raises `APIError` where the voice breaks off."""
        if self._kind == "wav":
            yield wav_header(first.frame.sample_rate)
            yield bytes(first.frame.data)
            async for audio in rest:
                yield bytes(audio.frame.data)
            return
        resampler = rtc.AudioResampler(first.frame.sample_rate, _PCM_RATE_HZ)
        for frame in resampler.push(first.frame):
            yield bytes(frame.data)
        async for audio in rest:
            for frame in resampler.push(audio.frame):
                yield bytes(frame.data)
        for frame in resampler.flush():
            yield bytes(frame.data)


def wav_header(rate_hz: int) -> bytes:
    """The header of mono 16-bit sound whose length is not known yet (RIFF, with the largest length there is)."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _UNKNOWN_LENGTH, b"WAVE"),
        *(b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16),
        *(b"data", _UNKNOWN_LENGTH),
    )


def _paced(voice: Voice, speed: float) -> Voice:
    return voice.model_copy(update={"speed": min(max(voice.speed * speed, _SLOWEST), _FASTEST)})


def _text_lang(voice: Voice, language: SpeechLanguage | None) -> SpeechLanguage:
    if language and language not in voice.languages:
        spoken = ", ".join(voice.languages)
        raise refusal(400, f"language: voice {voice.id} speaks {spoken} and not this", param="language")
    return language or voice.languages[0]
