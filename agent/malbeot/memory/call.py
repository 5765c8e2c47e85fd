"""What a call brings along of a conversation, and what it adds to it."""

import asyncio

from livekit.agents import AgentSession, ConversationItemAddedEvent, llm, utils

from malbeot.memory import open_conversations
from malbeot.memory.conversations import within
from malbeot.settings import Settings

_MOST_CHARACTERS = 4000
"""Of what was said before: some 1,000 tokens, which the language model reads while the caller is greeted."""


async def recall(settings: Settings, key: str) -> llm.ChatContext:
    """What was said before under `key`; nothing where that is empty."""
    if not key:
        return llm.ChatContext.empty()
    async with open_conversations(settings) as conversations:
        said = [message for message in await conversations.recall(key) if message.role in ("user", "assistant")]
    return llm.ChatContext([*within(said, _MOST_CHARACTERS)])


class Keeping:
    """Adds to the conversation `key` what is said in a call, as it is said; nothing where that is empty."""

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings = settings
        self._key = key
        self._said = utils.aio.Chan[llm.ChatMessage]()
        self._session: AgentSession[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def attach(self, session: AgentSession[None]) -> None:
        """`session` has started and nothing was said yet."""
        if self._key:
            self._session = session
            session.on("conversation_item_added", self._on_item)
            self._writing = asyncio.create_task(self._write(), name="conversation")

    async def aclose(self) -> None:
        """The call is over: waits until all is kept."""
        if self._session and self._writing:
            self._session.off("conversation_item_added", self._on_item)
            self._said.close()
            await self._writing

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage):
            self._said.send_nowait(event.item)

    async def _write(self) -> None:
        async with open_conversations(self._settings) as conversations:
            async for message in self._said:
                await conversations.add(self._key, [message])
