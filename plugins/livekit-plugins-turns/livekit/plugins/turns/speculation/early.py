"""Begins the answer while the pause still runs, or before it: what a recogniser says becomes what LiveKit acts upon."""

import asyncio
import contextvars
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent, PreemptiveGenerationOptions, llm, stt, utils

from ..ending.detector import TurnDetector
from ..log import logger
from ..transcripts import as_kind, saying
from ..transcripts import supposed as supposed_text
from ..words.said import said
from .speculation import AHEAD_S, Limits, Speculation
from .work import Voice, Work

_MORE_WORDS = 2
"""So many new words are worth a request of their own."""
_LOOK_EVERY_S = 0.05
ReadAhead = Callable[[str], Awaitable[None]]
Chunk = TypeVar("Chunk")


def preemptive_options(limits: Limits) -> PreemptiveGenerationOptions:
    """How a session is to begin answers early where `EarlyAnswers` decides: how often, and how long a turn may be."""
    return PreemptiveGenerationOptions(
        enabled=True, preemptive_tts=True, max_speech_duration=3600.0, max_retries=limits.tries + 1
    )


class EarlyAnswers:
    """One call's speculation.

    LiveKit begins an answer at a PREFLIGHT_TRANSCRIPT and throws it away when other words follow
    (the session needs `preemptive_options`). `gate` decides
    which transcripts are one: an interim that is whole while the caller still speaks, one in the middle of a sentence
    late or never.
    """

    def __init__(
        self,
        detector: TurnDetector,
        *,
        limits: Limits | None = None,
        read_ahead: ReadAhead | None = None,
        busy: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            detector: says how likely the turn is over, and how long its pauses are waited for.
            limits: how much may be done in vain.
            read_ahead: has the language model read the conversation and the words so far, at first none, while the
                caller speaks on. It is cancelled when there is something more urgent, or others wait. An error of its
                own is its own to report.
            busy: whether somebody else waits for the same machines: then nothing is begun early.
            clock: monotonic seconds.
        """
        self._detector = detector
        self.speculation = Speculation(limits)
        self._read_ahead = read_ahead
        self._busy = busy
        self._clock = clock
        self._read: list[str] | None = None
        """The words of this turn that the language model has read or reads; None before it reads what goes before."""
        self._begun: _Begun | None = None
        """What LiveKit's answer is to, as far as is known."""
        self._unsure: list[_Begun] = []
        """Answers whose voice waits. LiveKit may still keep one that is not the newest."""
        self._held: stt.SpeechEvent | None = None
        """All words of a pause whose answer is to be begun shortly before the turn is called."""
        self._held_until = 0.0
        self._to_read: list[str] | None = None
        """The words that it is to read next."""
        self._urgent = False
        self._session: AgentSession[Any] | None = None
        self._work = Work(self.speculation.worked, clock)

    def attach(self, session: AgentSession[Any]) -> None:
        """Follows the turns of a session that has started."""
        self._session = session
        session.on("conversation_item_added", self._on_item)

    def detach(self) -> None:
        if self._session:
            self._session.off("conversation_item_added", self._on_item)
        self._session = None

    async def gate(self, events: AsyncIterable[stt.SpeechEvent]) -> AsyncIterator[stt.SpeechEvent]:
        """The same events, some INTERIM as PREFLIGHT and the other way round. Raises what `events` raises."""
        source = aiter(events)
        # One context for all steps of `events`, given back at its end: a recogniser may find by a context variable what
        # its stream before, which failed, has left over.
        before = contextvars.copy_context()
        context = before.copy()
        reading: asyncio.Task[stt.SpeechEvent] | None = None
        ahead: asyncio.Task[None] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(_next(source), name="turns.events", context=context)
                if self._read_ahead and ahead is None and self._to_read is not None and self._may_read:
                    self._read, self._to_read = self._to_read, None
                    words = " ".join(self._read)
                    ahead = asyncio.create_task(self._reading(self._read_ahead, words), name="turns.read_ahead")
                await asyncio.wait(
                    {reading, ahead} if ahead else {reading},
                    timeout=self._look_in_s(reads=ahead is not None),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if ahead and ahead.done():
                    ahead.result()
                    ahead = None
                event: stt.SpeechEvent | None = None
                if reading.done():
                    try:
                        event = self._take(reading.result())
                    except StopAsyncIteration:
                        return
                    reading = None
                elif self._held and self._due_in_s <= 0 and self._may_begin:
                    event = self._begin(self._held)
                if ahead and self._reading_gives_way():
                    ahead.cancel()
                    await asyncio.gather(ahead, return_exceptions=True)
                    ahead = None
                self._urgent = False
                if event:
                    yield event
        finally:
            left = [task for task in (reading, ahead) if task]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            for variable, value in context.items():
                if variable not in before or before[variable] is not value:
                    variable.set(value)

    async def hold(self, answer: AsyncIterable[Chunk], context: llm.ChatContext) -> AsyncIterator[Chunk]:
        """What an agent's `llm_node` gives, held back while the caller still speaks, for whom it was begun too soon.

        The language model writes meanwhile, and the voice, which costs most, begins only when the words turn out to be
        all. `context` is what `llm_node` was given. Raises what `answer` raises.
        """
        messages = context.messages()
        asked = messages[-1].text_content if messages and messages[-1].role == "user" else None
        begun = next((begun for begun in reversed(self._unsure) if asked and begun.says(asked)), None)
        answer = self._work.writing(answer)
        if begun is None:
            async for chunk in answer:
                yield chunk
            return
        written = utils.aio.Chan[Chunk]()
        writing = asyncio.create_task(_write(answer, written), name="turns.writing")
        try:
            await begun.confirmed.wait()
            async for chunk in written:
                yield chunk
            await writing
        finally:
            await utils.aio.cancel_and_wait(writing)

    def speak(self, text: AsyncIterable[str], voice: Voice) -> AsyncIterable[rtc.AudioFrame]:
        """What `voice` makes of the text of an agent's `tts_node`, unchanged: counted for the limit on waste."""
        return self._work.speaking(text, voice)

    def _look_in_s(self, *, reads: bool) -> float | None:
        """How long to wait for an event, at most; None: for however long that takes.

        A wait may be found shorter meanwhile, and others may begin or cease to wait: that is looked at anew.
        """
        if self._held and (self._due_in_s > 0 or self._may_begin):
            return min(max(0.0, self._due_in_s), _LOOK_EVERY_S)
        return _LOOK_EVERY_S if self._held or reads or self._to_read is not None else None

    @property
    def _may_begin(self) -> bool:
        return self.speculation.allowed and not self._busy()

    @property
    def _may_read(self) -> bool:
        return self.speculation.affordable and not self._busy()

    def _reading_gives_way(self) -> bool:
        """Whether what is read ahead is to end: the answer reads it anyway, and for others it is read again later."""
        if not self._urgent and self._busy():
            self._to_read = self._read if self._to_read is None else self._to_read
            return True
        return self._urgent

    async def _reading(self, read_ahead: ReadAhead, words: str) -> None:
        began = self._clock()
        try:
            await read_ahead(words)
        except Exception as error:
            logger.warning("reading ahead failed: %s", type(error).__name__)
        finally:
            self.speculation.read(self._clock() - began)

    def _take(self, event: stt.SpeechEvent) -> stt.SpeechEvent:
        kind = event.type
        if kind in (stt.SpeechEventType.FINAL_TRANSCRIPT, stt.SpeechEventType.END_OF_SPEECH):
            self._release()
        if kind is stt.SpeechEventType.START_OF_SPEECH:
            self._held = None
            if self._read is None and self._to_read is None:
                self._wish_to_read([])
        if not event.alternatives or not event.alternatives[0].text:
            return event
        text = event.alternatives[0].text
        if kind is stt.SpeechEventType.INTERIM_TRANSCRIPT:
            self._held = None
            return self._interim_event(event, text)
        if kind is stt.SpeechEventType.PREFLIGHT_TRANSCRIPT:
            return self._settled_event(event, text)
        if kind is stt.SpeechEventType.FINAL_TRANSCRIPT:
            self._urgent, self._to_read = True, None
            self._held = None
            return self._as_begun(event, text)
        return event

    def _interim_event(self, event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
        self._detector.hear(self._whole(text), settled=False)
        supposed = supposed_text(event) or text
        if self._is_begun(supposed):
            assert self._begun
            # For fewer words LiveKit gives the answer up, as it is to where others wait.
            if self._begun.confirmed.is_set() or self._is_begun(text) or not self._busy():
                return saying(event, self._begun.text)
        self._begun = None  # LiveKit throws it away for other words
        if self._busy():
            return event
        whole = self._whole(supposed)
        if self.speculation.interim(whole, self._detector.finished(whole)):
            return self._begin(saying(event, supposed), sure=False)
        # What is only supposed is often taken back, and the last word may still become another.
        words = self._whole(text).split()[:-1]
        if len(words) >= len(self._read or ()) + _MORE_WORDS:
            self._wish_to_read(words)
        return event

    def _wish_to_read(self, words: list[str]) -> None:
        if self._read_ahead and self._may_read:
            self._to_read = words

    def _settled_event(self, event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
        self._detector.hear(self._whole(text), settled=True)
        shown = as_kind(event, stt.SpeechEventType.INTERIM_TRANSCRIPT)
        if self._is_begun(text):
            self._release()
            return shown
        if not self._may_begin:
            return shown
        if (due_in_s := self._detector.due_in_s - AHEAD_S) > 0:
            self._held, self._held_until = event, self._clock() + due_in_s
            return shown
        return self._begin(event)

    def _begin(self, event: stt.SpeechEvent, *, sure: bool = True) -> stt.SpeechEvent:
        """`sure`: the caller has paused behind these words."""
        text = event.alternatives[0].text
        self._held = self._to_read = None
        self._urgent = True
        self._begun = _Begun(self._detector.finals, text)
        if sure:
            self._release()
            self._begun.confirmed.set()
        else:
            self._unsure.append(self._begun)
        self.speculation.begin(self._whole(text))
        return as_kind(event, stt.SpeechEventType.PREFLIGHT_TRANSCRIPT)

    def _as_begun(self, event: stt.SpeechEvent, text: str) -> stt.SpeechEvent:
        """LiveKit begins again where the final text differs from the preflight in a mark: it gets the same marks."""
        if self._begun is None or not self._is_begun(text):
            return event
        return saying(event, self._begun.text)

    def _is_begun(self, text: str) -> bool:
        """Whether an answer to these very words is under way."""
        return (
            self._begun is not None
            and self._begun.finals == self._detector.finals
            and _words(self._begun.text) == _words(text)
        )

    @property
    def _due_in_s(self) -> float:
        """Until the answer to the words that are held is to be begun."""
        return min(self._held_until - self._clock(), self._detector.due_in_s - AHEAD_S)

    def _release(self) -> None:
        """The caller has paused: whichever answer LiveKit has kept is to be spoken. The others are cancelled by it."""
        for begun in self._unsure:
            begun.confirmed.set()
        self._unsure.clear()

    def _whole(self, text: str) -> str:
        return f"{self._detector.finals} {text}".strip()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "user":
            if self._begun and self._begun.says(event.item.text_content or ""):
                self._begun = None
            self._read = self._to_read = self._held = None
            self.speculation.turn_over()


@dataclass(frozen=True)
class _Begun:
    """An answer that was begun."""

    finals: str
    """What was final before its words."""
    text: str
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the caller has paused, or what they said is final."""

    def says(self, text: str) -> bool:
        """Whether its words, all of the turn, are those of `text`."""
        return _words(f"{self.finals} {self.text}") == _words(text)


async def _write(answer: AsyncIterable[Chunk], into: utils.aio.Chan[Chunk]) -> None:
    try:
        async for chunk in answer:
            into.send_nowait(chunk)
    finally:
        into.close()


def _words(text: str) -> tuple[str, ...]:
    found = said(text)
    return found.words if found else ()


async def _next(source: AsyncIterator[stt.SpeechEvent]) -> stt.SpeechEvent:
    return await anext(source)
