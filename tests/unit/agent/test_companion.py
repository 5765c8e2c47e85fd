"""The companion is never at a loss: empty answers, foreign errors and deaf moments are apologised for."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from livekit.agents import (
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    ErrorEvent,
    UserInputTranscribedEvent,
    UserTranscriptionTimeoutEvent,
    llm,
    stt,
)
from livekit.plugins import turns

from malbeot import companion
from malbeot.clips.clip import chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.companion import Companion
from malbeot.persona import Caller, Persona, load_personas
from malbeot.resources import resource
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking


class ScriptedLLM(llm.LLM[Any]):
    """Says what it is told to, and then fails if it is told to."""

    def __init__(self, words: Sequence[str], error: Exception | None = None) -> None:
        super().__init__()
        self.words, self.error = words, error

    def chat(self, *, chat_ctx: llm.ChatContext, tools: list[llm.Tool] | None = None, **_: Any) -> "ScriptedStream":
        once = APIConnectOptions(max_retry=0)
        return ScriptedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=once)


class ScriptedStream(llm.LLMStream):
    async def _run(self) -> None:
        script = self._llm
        assert isinstance(script, ScriptedLLM)
        for word in script.words:
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=word)))
        if script.error:
            raise script.error


@pytest.fixture
def persona() -> Persona:
    return load_personas(resource("prompts"))["en"]


class ScriptedReader(ScriptedLLM):
    """Reads its prompt for `reading_s`, and notes when it was asked for an answer."""

    def __init__(self, reading_s: float) -> None:
        super().__init__(["Hello."])
        self.reading_s = reading_s
        self.read_at = self.asked_at = 0.0

    async def read(self, chat_ctx: llm.ChatContext) -> None:
        await asyncio.sleep(self.reading_s)
        self.read_at = time.monotonic()

    def chat(self, **given: Any) -> ScriptedStream:
        self.asked_at = time.monotonic()
        return super().chat(**given)


@asynccontextmanager
async def talking(
    persona: Persona, model: ScriptedLLM, *, earlier: llm.ChatContext | None = None
) -> AsyncIterator[AgentSession[None]]:
    """A typed conversation with the companion, its greeting said. A `ScriptedReader` reads its prompt first."""
    fixed = FixedSpeech(chime())
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    taking = TurnTaking(settings, persona, fixed, None, call="test", caller="", pace=turns.Pace())
    session: AgentSession[None] = AgentSession(llm=model, vad=None, turn_handling=taking.options())
    caller = Caller(name="Rose", direction="inbound")
    now, warm = datetime.now().astimezone(), isinstance(model, ScriptedReader)
    june = Companion(
        persona=persona, caller=caller, now=now, fixed=fixed, taking=taking, warm_prompt=warm, earlier=earlier
    )
    await session.start(june, record=False)
    try:
        if greeting := session.current_speech:
            await greeting
        yield session
    finally:
        await session.aclose()


@pytest.mark.parametrize(("words", "again"), [([], False), (["I have a cat."], True)], ids=["a new one", "goes on"])
async def test_it_greets_otherwise_in_a_conversation_that_goes_on(
    persona: Persona, words: Sequence[str], again: bool
) -> None:
    earlier = llm.ChatContext([llm.ChatMessage(role="user", content=[text]) for text in words])
    async with talking(persona, ScriptedLLM([]), earlier=earlier) as session:
        (greeting,) = said(session)
    assert ("Hello again, Rose." in greeting) == again


def said(session: AgentSession[None]) -> list[str]:
    messages = [item for item in session.history.items if isinstance(item, llm.ChatMessage)]
    return [message.text_content or "" for message in messages if message.role == "assistant"]


@pytest.mark.parametrize(
    ("words", "error", "answer"),
    [
        (["Hello", " there."], None, "Hello there."),
        ([], None, "{sorry}"),
        ([" ", "\n"], None, "{sorry}"),
        ([], APIConnectionError("gone"), "{sorry}"),
        (["Well,"], APIConnectionError("gone"), "Well, {sorry}"),
        ([], KeyError("a mistake that is not ours"), "{sorry}"),
    ],
)
async def test_every_turn_is_answered(
    persona: Persona, words: Sequence[str], error: Exception | None, answer: str
) -> None:
    async with talking(persona, ScriptedLLM(words, error)) as session:
        await session.run(user_input="Hello?")
        greeting, reply = said(session)
    assert "Rose" in greeting
    assert reply.strip() == answer.format(sorry=persona.phrases.thinking_failed)


async def test_a_server_that_quotes_what_was_said_is_not_quoted(
    persona: Persona, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = APIStatusError("filtered: 'Arthur died'", status_code=400, body={"message": "'Arthur died'"})
    async with talking(persona, ScriptedLLM([], refusal)) as session:
        await session.run(user_input="Arthur died.")
    assert "the language model failed: APIStatusError 400" in caplog.text
    assert "Arthur" not in "".join(record.getMessage() for record in caplog.records)


async def test_an_answer_lets_the_model_read_its_prompt_first(persona: Persona) -> None:
    model = ScriptedReader(0.5)
    async with talking(persona, model) as session:
        await session.run(user_input="Hello?")
    assert 0 < model.read_at <= model.asked_at


async def test_a_prompt_that_is_not_read_in_time_is_waited_for_once(
    persona: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "_PROMPT_S", 0.5)
    model = ScriptedReader(3.0)
    async with talking(persona, model) as session:
        waited_s = []
        for _ in range(2):
            began = time.monotonic()
            await session.generate_reply(user_input="Hello?")
            waited_s.append(model.asked_at - began)
            assert said(session)[-1] == "Hello."
        assert model.read_at == 0
    assert waited_s[0] >= 0.4
    assert 0 <= waited_s[1] < 0.4


async def test_ears_that_fail_while_nobody_speaks_are_not_spoken_of(persona: Persona) -> None:
    async with talking(persona, ScriptedLLM(["yes"])) as session:
        before = len(said(session))
        for recoverable in (True, False, False):
            error = stt.STTError(timestamp=time.time(), label="ears", error=ValueError(), recoverable=recoverable)
            session.emit("error", ErrorEvent(error=error, source=None))
            await asyncio.sleep(0.1)
        assert len(said(session)) == before


async def test_who_speaks_while_the_ears_fail_is_asked_to_say_it_again(persona: Persona) -> None:
    failed = stt.STTError(timestamp=time.time(), label="ears", error=ValueError(), recoverable=True)
    unheard = UserTranscriptionTimeoutEvent(speech_duration=1.0, vad_speech_started_at=time.time())
    heard = UserInputTranscribedEvent(transcript="Hello", is_final=False)
    async with talking(persona, ScriptedLLM(["yes"])) as session:

        async def asks(*events: Any) -> bool:
            before = len(said(session))
            for event in events:
                session.emit(event.type, event)
            await asyncio.sleep(0.1)
            assert said(session)[before:] in ([], [persona.phrases.not_understood])
            return len(said(session)) > before

        error = ErrorEvent(error=failed, source=None)
        assert not await asks(unheard), "a noise without words is no failure"
        assert not await asks(heard, error), "nobody spoke"
        assert await asks(unheard)
        assert not await asks(error), "said once a turn"
        assert await asks(unheard)
        assert not await asks(heard, unheard), "the ears are back"
        assert await asks(error), "the failure is noticed after the silence"


def test_a_chime_is_soft_and_short() -> None:
    frames = list(chime().frames())
    assert sum(frame.duration for frame in frames) == pytest.approx(0.7)
    assert max(abs(sample) for frame in frames for sample in frame.data) <= 8000
