"""What a caller types in a call is a turn like one that is spoken: it interrupts, and is answered by voice."""

from typing import Any

from livekit.agents import AgentSession, room_io

from malbeot.personas.prose import clean_line

MAX_TYPED = 1000
"""Characters of one turn. What is longer is cut: a conversation is no place for a book."""


async def answer_typed(session: AgentSession[Any], event: room_io.TextInputEvent) -> None:
    """Answers what came on LiveKit's text stream `lk.chat`. Nothing happens where it holds no word."""
    text = clean_line(event.text[: 4 * MAX_TYPED])[:MAX_TYPED]
    if not text:
        return
    # LiveKit's own way to take a turn without sound (`room_io`, text input): nobody counts as silent meanwhile.
    async with session._claim_user_turn():
        await session.interrupt()
        session.generate_reply(user_input=text)
