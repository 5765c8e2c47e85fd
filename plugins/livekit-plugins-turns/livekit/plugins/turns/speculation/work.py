"""What answers cost, and whether it was of use."""

import time
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from livekit import rtc
from livekit.agents import llm
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import _SpeechHandleContextVar

Chunk = TypeVar("Chunk")
Voice = Callable[[AsyncIterable[str]], AsyncIterable[rtc.AudioFrame]]


class Told(Protocol):
    """Is told of the work on an answer, in parts; `used` if the caller heard something of it."""

    def __call__(self, *, model_s: float, voice_s: float, used: bool) -> None: ...


@dataclass
class _Spent:
    model_s: float = 0.0
    voice_s: float = 0.0


class Work:
    """Measures answers where they pass, in an agent's nodes.

    LiveKit's own metrics would not do: a request that is cancelled before its first word has none, nor has speech that
    is cancelled before its end. Counted are the seconds from a request to the language model until it ends or is
    cancelled, and the seconds of speech that the voice made. Where speech is cancelled while it is awaited, the time
    for which it was counts as well: what a voice makes in that time is as long at least, or it would falter.
    """

    def __init__(self, told: Told, clock: Callable[[], float] = time.monotonic) -> None:
        self._told = told
        self._clock = clock
        self._answers: weakref.WeakKeyDictionary[SpeechHandle, _Spent] = weakref.WeakKeyDictionary()

    async def writing(self, answer: AsyncIterable[Chunk]) -> AsyncIterator[Chunk]:
        """What the language model gives. Raises what `answer` raises."""
        handle, began = _SpeechHandleContextVar.get(None), self._clock()
        if handle is not None and handle not in self._answers:
            self._answers[handle] = _Spent()
            handle.add_done_callback(self._on_done)
        try:
            async for chunk in answer:
                yield chunk
        finally:
            self._count(handle, _Spent(model_s=self._clock() - began))

    async def speaking(self, text: AsyncIterable[str], voice: Voice) -> AsyncIterator[rtc.AudioFrame]:
        """What `voice` makes of an answer's text. Raises what it raises. What is no answer is not counted."""
        handle = _SpeechHandleContextVar.get(None)
        awaited_since: float | None = None
        made_s, whole = 0.0, False

        async def given() -> AsyncIterator[str]:
            nonlocal awaited_since
            async for piece in text:
                if awaited_since is None and piece.strip():
                    awaited_since = self._clock()
                yield piece

        try:
            async for frame in voice(given()):
                awaited_since = None
                made_s += frame.duration
                yield frame
            whole = True
        finally:
            if not whole and awaited_since is not None:
                made_s += self._clock() - awaited_since
            if handle in self._answers:
                self._count(handle, _Spent(voice_s=made_s))

    def _count(self, handle: SpeechHandle | None, spent: _Spent) -> None:
        if handle is None or handle.done():
            self._tell(spent, used=handle is None or _heard(handle))
            return
        so_far = self._answers[handle]
        so_far.model_s += spent.model_s
        so_far.voice_s += spent.voice_s

    def _on_done(self, handle: SpeechHandle) -> None:
        self._tell(self._answers[handle], used=_heard(handle))
        self._answers[handle] = _Spent()

    def _tell(self, spent: _Spent, *, used: bool) -> None:
        self._told(model_s=spent.model_s, voice_s=spent.voice_s, used=used)


def _heard(handle: SpeechHandle) -> bool:
    """Whether the caller heard something: LiveKit writes down what of an answer was played, and nothing else."""
    return any(isinstance(item, llm.ChatMessage) and item.role == "assistant" for item in handle.chat_items)
