"""Conversation by files: the question from a WAV at the pace of speech, the reply into another."""

import asyncio
import time
from pathlib import Path

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    llm,
    tts,
)

from malbeot import console, ears
from malbeot.call import CallRequest
from malbeot.console.conversation import conversation
from malbeot.console.wav import Recording, WavInput, WavOutput
from malbeot.errors import MalbeotError
from malbeot.persona import Persona
from malbeot.providers import Loaded
from malbeot.settings import Settings

_LOOK_EVERY_S = 0.1
_UNDERSTOOD_WITHIN_S = 10.0
_REPLY_WITHIN_S = 120.0
_SILENT_S = 4.0
"""Nobody says any more: longer than the wait for words and the one for the end of the turn together (`session.py`)."""


async def talk(
    settings: Settings, persona: Persona, request: CallRequest, loaded: Loaded, *, question: Recording, reply: Path
) -> None:
    """Plays the whole question, waits until the companion has answered all of it, writes what it said.

    A pause may make several turns of the question; then the reply is the answers to all of them.
    Raises `MalbeotError` where nothing was understood or answered, or where no voice spoke.
    """
    settings = await ears.require(settings)
    microphone, mouth = WavInput(question.rate), WavOutput()
    async with conversation(settings, persona, request, loaded, microphone=microphone, mouth=mouth) as session:
        mouth.forget()
        progress = _Progress(session)
        console.say(f"asking {question.path} ({question.duration_s:.1f} s) …")
        microphone.speak(question.samples)
        try:
            await asyncio.wait_for(microphone.spoken.wait(), question.duration_s + _UNDERSTOOD_WITHIN_S)
        except TimeoutError:
            raise MalbeotError(f"nobody listened to the end of {question.path}; see `malbeot doctor`") from None
        await _until_answered(progress, question)
    mouth.write(reply)
    if progress.voice_failed:
        speaker = ", ".join(settings.gpt_sovits_urls) if settings.tts_provider == "gpt_sovits" else "Amazon Polly"
        raise MalbeotError(
            f"the voice failed, so that {reply} holds an apology in place of words: "
            f"is the voice server at {speaker} running? see `malbeot doctor`"
        )
    console.say(f"the reply is in {reply} ({mouth.duration_s:.1f} s)")


class _Progress:
    """How far the conversation has come since the question began."""

    def __init__(self, session: AgentSession[None]) -> None:
        self._session = session
        self.understood = self.answered = self.voice_failed = False
        self._last_s = time.monotonic()
        session.on("conversation_item_added", self._on_item)
        session.on("user_input_transcribed", self._on_heard)
        session.on("error", self._on_error)

    @property
    def silent_s(self) -> float:
        """For how long nothing has been said, heard or thought."""
        if self._session.user_state == "speaking" or self._session.agent_state in ("thinking", "speaking"):
            self._last_s = time.monotonic()
        return time.monotonic() - self._last_s

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        self._last_s = time.monotonic()
        if isinstance(event.item, llm.ChatMessage):
            self.understood = self.understood or event.item.role == "user"
            self.answered = self.answered or (self.understood and event.item.role == "assistant")

    def _on_heard(self, _: UserInputTranscribedEvent) -> None:
        self._last_s = time.monotonic()

    def _on_error(self, event: ErrorEvent) -> None:
        self.voice_failed = self.voice_failed or isinstance(event.error, tts.TTSError)


async def _until_answered(progress: _Progress, question: Recording) -> None:
    """From the question's last sample until nobody says any more. Raises `MalbeotError`."""
    asked_s = time.monotonic()
    while not (progress.answered and min(progress.silent_s, time.monotonic() - asked_s) >= _SILENT_S):
        waited_s = time.monotonic() - asked_s
        if not progress.understood and waited_s > _UNDERSTOOD_WITHIN_S:
            raise MalbeotError(f"no reply: nothing was understood in {question.path}; is there speech in it?")
        if waited_s > _REPLY_WITHIN_S:
            raise MalbeotError(f"no whole reply within {_REPLY_WITHIN_S:.0f} s; see `malbeot doctor`")
        await asyncio.sleep(_LOOK_EVERY_S)
