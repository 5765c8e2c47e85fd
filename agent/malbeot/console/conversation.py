"""A conversation in this process: the companion's own session, without a room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from livekit.agents import AgentSession, ConversationItemAddedEvent, io, llm, utils
from livekit.plugins import turns

from malbeot.call import CallRequest
from malbeot.clips.rendering import fixed_speech, prepare
from malbeot.companion import Companion
from malbeot.persona import Caller, Persona
from malbeot.providers import Loaded, create_stt, keeps_prompts_warm
from malbeot.session import build_session
from malbeot.settings import Settings
from malbeot.turn_taking import TurnTaking, paces


@asynccontextmanager
async def conversation(
    settings: Settings,
    persona: Persona,
    request: CallRequest,
    loaded: Loaded,
    *,
    microphone: io.AudioInput | None = None,
    mouth: io.AudioOutput | None = None,
) -> AsyncIterator[AgentSession[None]]:
    """The running session, its greeting said. Each message is printed as `name: words`. Raises `MalbeotError`."""
    speaker = await prepare(settings, [persona], apology_alone=True)
    async with utils.http_context.open():
        if loaded.hearing:
            await asyncio.to_thread(turns.load, persona.language)
        fixed = fixed_speech(settings, persona, speaker)
        ears = create_stt(settings, persona) if loaded.hearing else None
        pace = await asyncio.to_thread(paces.load, settings.malbeot_state, request.name)
        name = utils.shortuuid("console_")
        taking = TurnTaking(settings, persona, fixed, ears, call=name, caller=request.name, pace=pace)
        session = build_session(settings, persona, loaded, taking, ears)
        session.input.audio, session.output.audio = microphone, mouth
        names = {"user": request.name or "you", "assistant": persona.name}

        def show(event: ConversationItemAddedEvent) -> None:
            if isinstance(event.item, llm.ChatMessage) and event.item.text_content:
                print(f"{names.get(event.item.role, event.item.role)}: {event.item.text_content}", flush=True)

        session.on("conversation_item_added", show)
        companion = Companion(
            persona=persona,
            caller=Caller(name=request.name, direction=request.direction),
            now=datetime.now().astimezone(),
            fixed=fixed,
            taking=taking,
            warm_prompt=keeps_prompts_warm(settings),
        )
        await session.start(companion, record=False)
        try:
            if greeting := session.current_speech:
                await greeting
            yield session
        finally:
            await session.aclose()
