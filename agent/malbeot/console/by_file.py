"""Conversation by files: the question from a WAV at the pace of speech, the reply into another."""

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, io, llm

from malbeot import console, ears
from malbeot.call import CallRequest
from malbeot.console.conversation import conversation
from malbeot.errors import MalbeotError
from malbeot.persona import Persona
from malbeot.providers import Loaded
from malbeot.settings import Settings

_FRAME_S = 0.02
_UNDERSTOOD_WITHIN_S = 10.0
_REPLY_WITHIN_S = 120.0


async def talk(
    settings: Settings, persona: Persona, request: CallRequest, loaded: Loaded, *, question: Path, reply: Path
) -> None:
    """Asks, waits for the whole reply, writes it. Raises `MalbeotError` where nothing was understood or answered."""
    samples, rate = _read(question)
    _require_folder(reply)
    settings = await ears.require(settings)
    microphone, mouth = WavInput(rate), WavOutput()
    async with conversation(settings, persona, request, loaded, microphone=microphone, mouth=mouth) as session:
        mouth.forget()
        messages: asyncio.Queue[str] = asyncio.Queue()

        def on_item(event: ConversationItemAddedEvent) -> None:
            if isinstance(event.item, llm.ChatMessage):
                messages.put_nowait(event.item.role)

        session.on("conversation_item_added", on_item)
        console.say(f"asking {question} ({len(samples) / rate:.1f} s) …")
        microphone.speak(samples)
        try:
            while await asyncio.wait_for(messages.get(), len(samples) / rate + _UNDERSTOOD_WITHIN_S) != "user":
                pass
        except TimeoutError:
            raise MalbeotError(f"no reply: nothing was understood in {question}; is there speech in it?") from None
        try:
            while await asyncio.wait_for(messages.get(), _REPLY_WITHIN_S) != "assistant":
                pass
        except TimeoutError:
            raise MalbeotError(f"no reply within {_REPLY_WITHIN_S:.0f} s; see `malbeot doctor`") from None
    mouth.write(reply)
    console.say(f"the reply is in {reply} ({mouth.duration_s:.1f} s)")


def _require_folder(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise MalbeotError(f"cannot write {path}: its folder does not exist", exit_code=2)


def _read(path: Path) -> tuple[np.ndarray, int]:
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise MalbeotError(f"{path} has {8 * file.getsampwidth()} bits a sample: save it with 16", exit_code=2)
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            return samples.reshape(-1, file.getnchannels()).mean(axis=1).astype(np.int16), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error) or "it is cut short"
        raise MalbeotError(f"cannot read {path} as a WAV file: {why}", exit_code=2) from None


class WavInput(io.AudioInput):
    """Silence, and then what `speak` is given, at the pace of real speech, 20 ms a frame."""

    def __init__(self, rate: int) -> None:
        super().__init__(label="WAV file")
        self._rate = rate
        self._pending = np.zeros(0, np.int16)
        self._frames = self._pace()

    def speak(self, samples: np.ndarray) -> None:
        self._pending = samples

    async def __anext__(self) -> rtc.AudioFrame:
        return await anext(self._frames)

    async def _pace(self) -> AsyncIterator[rtc.AudioFrame]:
        step = int(self._rate * _FRAME_S)
        due = time.monotonic()
        while True:
            part, self._pending = self._pending[:step], self._pending[step:]
            part = np.pad(part, (0, step - len(part)))
            yield rtc.AudioFrame(part.tobytes(), self._rate, 1, step)
            due += _FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


class WavOutput(io.AudioOutput):
    """Collects what is spoken. Nobody listens, so a segment has been played as soon as it is complete."""

    def __init__(self) -> None:
        super().__init__(label="WAV file", capabilities=io.AudioOutputCapabilities(pause=False))
        self._parts: list[rtc.AudioFrame] = []
        self._segment_s = 0.0

    @property
    def duration_s(self) -> float:
        return sum(frame.duration for frame in self._parts)

    def forget(self) -> None:
        self._parts.clear()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._segment_s:
            self.on_playback_started(created_at=time.time())
        self._segment_s += frame.duration
        self._parts.append(frame)

    def flush(self) -> None:
        super().flush()
        self._finish(interrupted=False)

    def clear_buffer(self) -> None:
        self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool) -> None:
        if self._segment_s:
            self.on_playback_finished(playback_position=self._segment_s, interrupted=interrupted)
            self._segment_s = 0.0

    def write(self, path: Path) -> None:
        """Writes what was heard. Raises `MalbeotError`."""
        if not self._parts:
            raise MalbeotError(
                "the companion answered without a sound: is the voice server running? see `malbeot doctor`"
            )
        try:
            path.write_bytes(rtc.combine_audio_frames(self._parts).to_wav_bytes())
        except OSError as error:
            raise MalbeotError(f"cannot write {path}: {error.strerror}") from None
