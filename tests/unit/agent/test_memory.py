"""What is remembered of conversations: how much, for how long, and for whom."""

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from livekit.agents import llm

from malbeot.memory import Conversations, forget_old, open_conversations
from malbeot.memory.call import recall
from malbeot.memory.conversations import KEPT_S, MOST_CHARACTERS, MOST_MESSAGES, session_key
from malbeot.memory.in_files import MOST_FILES, InFiles
from malbeot.settings import Settings
from support.redis_server import running_redis


def said(text: str, role: llm.ChatRole = "user") -> llm.ChatMessage:
    return llm.ChatMessage(role=role, content=[text])


async def texts(conversations: Conversations, key: str = "one") -> list[str | None]:
    return [message.text_content for message in await conversations.recall(key)]


@pytest.fixture(params=["files", "redis"])
async def conversations(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Conversations]:
    if request.param == "files":
        async with open_conversations(_settings(tmp_path)) as found:
            yield found
    else:
        async with running_redis() as redis, open_conversations(_settings(tmp_path, redis_url=redis.url)) as found:
            yield found


def _settings(state: Path, **chosen: str) -> Settings:
    return Settings(_env_file=None, malbeot_state=state, **chosen)  # type: ignore[call-arg, arg-type]


async def test_it_goes_on_where_it_was(conversations: Conversations) -> None:
    await conversations.add("one", [said("My cat is called Biscuit."), said("What a name!", "assistant")])
    await conversations.add("other", [said("Hello.")])
    await conversations.add("one", [said("고양이가\n돌아왔어요."), said("")])
    assert await texts(conversations) == ["My cat is called Biscuit.", "What a name!", "고양이가\n돌아왔어요."]
    assert [message.role for message in await conversations.recall("one")] == ["user", "assistant", "user"]
    assert await texts(conversations, "third") == []


async def test_the_newest_is_kept(conversations: Conversations) -> None:
    for number in range(MOST_MESSAGES // 10 + 1):
        await conversations.add("one", [said(f"{number}.{part}") for part in range(10)])
    kept = await texts(conversations)
    assert (len(kept), kept[0], kept[-1]) == (MOST_MESSAGES, "1.0", "10.9")
    await conversations.add("one", [said("x" * (MOST_CHARACTERS - 8)), said("the last")])
    assert await texts(conversations) == ["x" * (MOST_CHARACTERS - 8), "the last"]


async def test_several_may_write_at_once(conversations: Conversations) -> None:
    async with asyncio.TaskGroup() as writing:
        for number in range(20):
            writing.create_task(conversations.add("one", [said(f"{number} {'word ' * 50}"), said("yes", "assistant")]))
    kept = await conversations.recall("one")
    assert len(kept) == 40
    assert [message.role for message in kept] == ["user", "assistant"] * 20


def test_a_guess_at_a_session_opens_nobody_elses() -> None:
    mine = {"guest": "", "address": "203.0.113.7", "persona": "en", "session": "conversation-1"}
    others = [
        mine | {"guest": "invitation"},
        mine | {"address": ""},
        mine | {"persona": "ko"},
        mine | {"session": "conversation-2"},
        {"guest": "203.0.113.7", "address": "", "persona": "en", "session": "conversation-1"},
    ]
    assert session_key(**mine) == session_key(**mine)
    assert len({session_key(**each) for each in [mine, *others]}) == 6


async def test_a_file_is_its_owners_and_says_of_nobody_that_they_called(tmp_path: Path) -> None:
    files = InFiles(tmp_path / "conversations")
    await files.add("../../rose", [said("hello")])
    (file,) = _all(tmp_path / "conversations")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "rose" not in file.name


async def test_what_is_over_for_an_hour_is_forgotten_and_deleted(tmp_path: Path) -> None:
    files = InFiles(tmp_path)
    await files.add("one", [said("long ago")])
    (file,) = _all(tmp_path)
    _age(file, KEPT_S + 5)
    assert await texts(files) == []
    await files.add("one", [said("now")])
    assert await texts(files) == ["now"]
    await files.add("other", [said("long ago")])
    _age(next(path for path in _all(tmp_path) if path != file), KEPT_S + 5)
    await files.forget_old()
    assert _all(tmp_path) == [file]


async def test_a_service_forgets_what_nobody_goes_on_with(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with open_conversations(settings) as conversations:
        await conversations.add("one", [said("long ago")])
    (file,) = _all(tmp_path / "conversations")
    _age(file, KEPT_S + 5)
    forgetting = asyncio.create_task(forget_old(settings))
    deadline = time.monotonic() + 5
    while _all(file.parent):
        assert time.monotonic() < deadline, "it is still there"
        await asyncio.sleep(0.01)
    forgetting.cancel()
    await asyncio.gather(forgetting, return_exceptions=True)
    await asyncio.wait_for(forget_old(_settings(tmp_path, redis_url="redis://127.0.0.1:9")), 1)


async def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    files = InFiles(tmp_path)
    await files.add("one", [said("oldest")])
    (oldest,) = _all(tmp_path)
    _age(oldest, 60)
    _fill(tmp_path)
    await files.forget_old()
    assert len(_all(tmp_path)) == MOST_FILES
    assert not oldest.exists()


async def test_a_large_file_is_begun_anew_with_the_newest(tmp_path: Path) -> None:
    files = InFiles(tmp_path)
    for number in range(60):
        await files.add("one", [said(f"{number} " + "word " * 4000)])
    (file,) = _all(tmp_path)
    assert file.stat().st_size < 1_100_000
    assert [text.split()[0] for text in await texts(files) if text] == ["59"]


async def test_what_a_full_disk_has_left_of_a_line_is_no_message(tmp_path: Path) -> None:
    files = InFiles(tmp_path)
    await files.add("one", [said("first")])
    (file,) = _all(tmp_path)
    _append(file, '{"role": "user", "te\n{"role": "nobody", "text": "x"}\n[1]\n7\n')
    await files.add("one", [said("second")])
    assert await texts(files) == ["first", "second"]


async def test_nothing_raises_where_it_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _append(tmp_path / "file", "")
    files = InFiles(tmp_path / "file")
    await files.add("one", [said("my secret")])
    assert await texts(files) == []
    await files.forget_old()
    assert "cannot keep a conversation" in caplog.text
    assert "my secret" not in caplog.text


async def test_nothing_raises_where_redis_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_conversations(_settings(tmp_path, redis_url="redis://127.0.0.1:9")) as conversations:
        await conversations.add("one", [said("my secret")])
        assert await texts(conversations) == []
    assert caplog.text.count("conversation") == 2
    assert "my secret" not in caplog.text


async def test_a_call_brings_along_what_was_said_and_no_more_than_it_can_read(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    assert not (await recall(settings, "")).items
    async with open_conversations(settings) as conversations:
        await conversations.add("one", [said("x" * 3992), said("instructions", "system"), said("short"), said("last")])
    assert [message.text_content for message in (await recall(settings, "one")).messages()] == ["short", "last"]


def _all(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _age(file: Path, seconds: float) -> None:
    before = time.time() - seconds
    os.utime(file, (before, before))


def _append(file: Path, text: str) -> None:
    with file.open("a") as opened:
        opened.write(text)


def _fill(folder: Path) -> None:
    for number in range(MOST_FILES):
        (folder / f"{number}.jsonl").touch()
