"""Typed conversations: one message of each is answered at a time."""

from pathlib import Path

import pytest
from livekit.agents import llm

from malbeot.memory.in_files import InFiles
from malbeot.web.chat.sessions import Answering, Sessions


async def test_one_message_of_each_at_a_time(tmp_path: Path) -> None:
    sessions = Sessions(InFiles(tmp_path))
    with sessions.find("one").turn(), sessions.find("two").turn():
        with pytest.raises(Answering), sessions.find("one").turn():
            pass
        with pytest.raises(Answering), sessions.find("one").turn():
            pass
    with sessions.find("one").turn():
        pass


async def test_what_was_said_and_answered_is_there_the_next_time(tmp_path: Path) -> None:
    sessions = Sessions(InFiles(tmp_path))
    await sessions.find("one").add([llm.ChatMessage(role="user", content=["Hello."])], "Good morning.")
    assert [(said.role, said.text_content) for said in await sessions.find("one").earlier()] == [
        ("user", "Hello."),
        ("assistant", "Good morning."),
    ]
    assert await sessions.find("two").earlier() == []
