"""livekit.plugins.gpt_sovits.pool over real sockets, against servers that do as a test says."""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError
from prometheus_client import REGISTRY

from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.breaker import FAILURES_TO_OPEN, Breaker, State
from livekit.plugins.gpt_sovits.errors import EarlyEndError
from livekit.plugins.gpt_sovits.lease import Lease, Record
from livekit.plugins.gpt_sovits.pool import Pool
from livekit.plugins.gpt_sovits.replica import Replica
from support.voice_server import Exchange, Script, VoiceServer, stream_header, tone, voice_server

RATE = 32000
TEXT = "The kitchen light is on."
SOUND = tone(1.2, RATE)[1:].tobytes()
"""Longer than TEXT takes at the least, and no zero at its ends."""
VOICE = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en")
A = replace(VOICE, gpt_weights="voices/a.ckpt", sovits_weights="voices/a.pth")
B = replace(VOICE, gpt_weights="voices/b.ckpt", sovits_weights="voices/b.pth")
WARM = Record(warm=("en",))


async def speak(exchange: Exchange) -> None:
    if exchange.path.startswith("/set_"):
        await exchange.reply(b'{"message":"success"}', content_type="application/json")
    else:
        await exchange.reply(stream_header(RATE), SOUND[:9001], SOUND[9001:])


@dataclass
class House:
    """Servers, and pools that share a folder."""

    folder: Path
    session: aiohttp.ClientSession
    stack: contextlib.AsyncExitStack
    servers: list[VoiceServer] = field(default_factory=list)

    async def serve(self, *scripts: Script) -> list[str]:
        """Their URLs."""
        for script in scripts:
            self.servers.append(await self.stack.enter_async_context(voice_server(script)))
        return self.urls

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def pool(self, urls: list[str] | None = None, **options: Any) -> Pool:
        return Pool(urls or self.urls, http=lambda: self.session, state_dir=self.folder, **options)

    def know(self, url: str, record: Record) -> None:
        """As if a process had used the replica and left `record`."""
        lease = Lease.take(Replica(url, self.folder).lock)
        assert lease is not None
        lease.note(record)
        lease.release()

    def known(self, url: str) -> Record:
        return Replica(url, self.folder).look()

    def asked(self) -> list[int]:
        """How many texts each server was given."""
        return [sum(path == "/tts" for path in server.paths) for server in self.servers]

    def switches(self) -> list[list[str]]:
        return [[unquote(path) for path in server.paths if path.startswith("/set_")] for server in self.servers]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield House(tmp_path, session, stack)


async def hear(pool: Pool, text: str = TEXT, voice: Voice = VOICE, *, timeout_s: float = 5.0) -> bytes:
    async with pool.speak(text, voice, timeout_s=timeout_s) as reply:
        return b"".join([piece async for piece in reply.pieces()])


def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def assert_one_clear_line(error: APIError, *urls: str) -> None:
    assert all(url in error.message for url in urls)
    assert "\n" not in error.message
    assert "kitchen" not in error.message, "what is said must not be in a message"


def answer(*pieces: bytes, **how: str) -> Script:
    return lambda exchange: exchange.reply(*pieces, **how)


async def no_answer(exchange: Exchange) -> None:
    pass


async def reset(exchange: Exchange) -> None:
    exchange.writer.transport.abort()


async def broken_chunk(exchange: Exchange) -> None:
    await exchange.head()


async def second_of_zeros_and_broken(exchange: Exchange) -> None:
    await exchange.head()
    await exchange.chunk(stream_header(RATE) + bytes(32000))


def failing() -> list[tuple[str, Script, str]]:
    page = {"content_type": "text/html"}

    async def wrongly_chunked(exchange: Exchange) -> None:
        await exchange.head()
        await asyncio.sleep(0.02)
        await exchange.send(b"no number\r\nno chunk")
        await exchange.gone()

    return [
        ("wrongly chunked", wrongly_chunked, "broke off before any sound"),
        ("stall", Exchange.gone, "was silent for 0.3 s"),
        ("closed", no_answer, "the connection to"),
        ("reset", reset, "the connection to"),
        ("broken chunk", broken_chunk, "broke off before any sound"),
        ("zeros and broken", second_of_zeros_and_broken, "broke off before any sound"),
        ("zeros", answer(stream_header(RATE), bytes(32000)), "nothing but zeros"),
        ("mark", answer(stream_header(16000), bytes(32000)), "16000 Hz mark of failure"),
        ("rate", answer(stream_header(22050), SOUND), "22050 Hz"),
        ("empty", answer(), "sent no sound"),
        ("page", answer(b"<html>", content_type="text/html"), "text/html"),
        ("page in disguise", answer(b"<html>"), "does not begin as a WAV"),
        ("400", answer(b'{"message":"no file"}', status="400 Bad Request", **page), "no file"),
        ("404", answer(b"nothing", status="404 Not Found"), "answered 404"),
        ("500", answer(b"broken", status="500 Internal Server Error"), "answered 500"),
        ("502", answer(b"broken", status="502 Bad Gateway", **page), "answered 502"),
    ]


@pytest.mark.parametrize(("script", "said"), [pytest.param(*rest, id=name) for name, *rest in failing()])
async def test_a_failure_before_sound_is_made_good_by_another(
    house: House, script: Script, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await house.serve(script, speak)
    house.know(first, WARM)
    pool = house.pool(first_byte_s=0.3)
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 1]
    assert said in caplog.text
    assert first in caplog.text
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 2], "the one that failed is no longer first"
    assert house.known(first).breaker.failures == 1
    assert house.known(second).breaker.failures == 0


async def test_nobody_there_is_made_good_by_another(house: House) -> None:
    await house.serve(speak)
    assert await hear(house.pool([nobody(), *house.urls])) == SOUND


async def test_after_the_deadline_the_next_is_asked_at_once(
    house: House, record_property: Callable[[str, object], None]
) -> None:
    late, _ = await house.serve(Exchange.gone, speak)
    over_s = []
    for _ in range(5):
        house.know(late, WARM)
        house.know(house.urls[1], replace(WARM, used_at_s=time.time()))
        begun = time.monotonic()
        async with house.pool(first_byte_s=0.2).speak(TEXT, VOICE, timeout_s=5.0) as reply:
            over_s.append(time.monotonic() - begun - 0.2)
            assert not reply.complete
    record_property("failover_s", sorted(over_s))
    print("failover after the deadline, s:", [round(value, 4) for value in sorted(over_s)])
    assert house.asked() == [5, 5]
    assert max(over_s) < 2.0


async def test_a_sound_replica_that_is_cold_is_waited_for(house: House) -> None:
    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.5)
        await speak(exchange)

    cold, _ = await house.serve(slow, speak)
    assert await hear(house.pool(first_byte_s=0.2)) == SOUND
    assert house.asked() == [1, 0]
    assert house.known(cold).warm == ("en",)


async def test_what_the_request_itself_is_wrong_about_is_asked_once(house: House) -> None:
    body = b'{"detail":[{"loc":["body","top_k"],"msg":"wrong"}]}'
    await house.serve(answer(body, status="422 Unprocessable Content", content_type="application/json"), speak)
    with pytest.raises(APIError) as raised:
        await hear(house.pool())
    assert house.asked() == [1, 0]
    assert not raised.value.retryable
    assert house.known(house.urls[0]).breaker.failures == 0


async def test_where_all_fail_one_error_names_each_and_its_reason(house: House) -> None:
    gone = nobody()
    await house.serve(answer(b"", status="500 Internal Server Error"), answer(b"<html>", content_type="text/html"))
    with pytest.raises(APIConnectionError) as raised:
        await hear(house.pool([gone, *house.urls]))
    assert_one_clear_line(raised.value, gone, *house.urls)
    assert "cannot connect" in raised.value.message
    assert "answered 500" in raised.value.message
    assert "text/html" in raised.value.message
    assert raised.value.retryable


async def test_where_no_retry_can_help_the_error_says_so(house: House) -> None:
    page = answer(b"<html>", content_type="text/html")
    await house.serve(page, page)
    with pytest.raises(APIConnectionError) as raised:
        await hear(house.pool())
    assert not raised.value.retryable


@pytest.mark.parametrize(
    ("statuses", "status_code", "retryable"),
    [((400, 500), 500, True), ((500, 400), 500, True), ((400, 404), 404, False), ((500, 422), 422, False)],
)
async def test_where_all_refuse_it_is_a_status_that_tells_whether_to_retry(
    house: House, statuses: tuple[int, ...], status_code: int, retryable: bool
) -> None:
    await house.serve(*(answer(b"", status=f"{status} No") for status in statuses))
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool())
    assert (raised.value.status_code, raised.value.retryable) == (status_code, retryable)
    assert_one_clear_line(raised.value, *house.urls)


async def test_where_all_are_late_it_is_a_timeout(house: House) -> None:
    await house.serve(Exchange.gone, Exchange.gone)
    with pytest.raises(APITimeoutError) as raised:
        await hear(house.pool(), timeout_s=0.2)
    assert_one_clear_line(raised.value, *house.urls)
    assert raised.value.retryable


async def test_the_error_of_a_single_replica_is_its_own(house: House) -> None:
    await house.serve(answer(b"", status="400 Bad Request"))
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool())
    assert raised.value.status_code == 400


def within_speech() -> list[tuple[str, Callable[[Exchange], Awaitable[None]]]]:
    async def killed(exchange: Exchange) -> None:
        exchange.writer.transport.abort()

    async def broken(exchange: Exchange) -> None:
        pass

    async def zeros_and_broken(exchange: Exchange) -> None:
        await exchange.chunk(bytes(32000))
        await asyncio.sleep(0.05)

    async def zeros_and_end(exchange: Exchange) -> None:
        await exchange.chunk(bytes(64000))
        await exchange.chunk(b"")

    async def wrongly_chunked(exchange: Exchange) -> None:
        await exchange.send(b"no number\r\nno chunk")
        await exchange.gone()

    async def zeros_for_ever(exchange: Exchange) -> None:
        for _ in range(20):
            await exchange.chunk(bytes(RATE * 2))
        await exchange.gone()

    return [
        ("killed", killed),
        ("broken", broken),
        ("zeros, broken", zeros_and_broken),
        ("stall", Exchange.gone),
        ("zeros for ever", zeros_for_ever),
        ("early end", lambda exchange: exchange.chunk(b"")),
        ("zeros, early end", zeros_and_end),
        ("wrongly chunked", wrongly_chunked),
    ]


@pytest.mark.parametrize("then", [pytest.param(then, id=name) for name, then in within_speech()])
async def test_a_replica_that_fails_within_the_speech_tells_how_far_it_came(house: House, then: Script) -> None:
    heard = SOUND[: RATE // 2 - 2]  # a quarter of a second, and no zero at its end

    async def fail(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + heard)
        await asyncio.sleep(0.05)
        await then(exchange)

    first, _ = await house.serve(fail, speak)
    pool = house.pool()
    got = b""

    async def listen() -> None:
        nonlocal got
        async with pool.speak(TEXT, VOICE, timeout_s=0.5) as reply:
            try:
                async for piece in reply.pieces():
                    got += piece
            finally:
                delivered_s.append(reply.delivered_s)

    delivered_s: list[float] = []
    with pytest.raises(APIError) as raised:
        await listen()
    assert got == heard
    assert delivered_s == [pytest.approx(0.25, abs=0.001)]
    assert not raised.value.retryable
    assert_one_clear_line(raised.value, first)
    assert house.known(first).breaker.failures == 1
    assert await hear(pool) == SOUND
    assert house.asked() == [1, 1], "the sentence is completed by the other"


async def test_an_early_end_has_an_error_of_its_own(house: House) -> None:
    await house.serve(answer(stream_header(RATE), SOUND))
    with pytest.raises(EarlyEndError, match=r"ended after 1\.2 s of a text that takes"):
        await hear(house.pool(), TEXT * 3)


async def test_silence_at_a_good_end_is_given(house: House) -> None:
    pause = bytes(19200)
    await house.serve(answer(stream_header(RATE), SOUND, pause, SOUND, pause))
    assert await hear(house.pool()) == SOUND + pause + SOUND + pause


async def test_a_voice_stays_where_its_weights_are(house: House) -> None:
    await house.serve(speak, speak)
    pool = house.pool()
    for voice in (A, B, A, B, B, A):
        assert await hear(pool, voice=voice) == SOUND
    assert house.asked() == [3, 3]
    assert sorted(house.switches()) == [
        ["/set_gpt_weights?weights_path=voices/a.ckpt", "/set_sovits_weights?weights_path=voices/a.pth"],
        ["/set_gpt_weights?weights_path=voices/b.ckpt", "/set_sovits_weights?weights_path=voices/b.pth"],
    ]


@pytest.mark.parametrize(("busy_s", "switches"), [(0.3, 0), (1.5, 2)])
async def test_a_short_wait_for_the_weights_is_better_than_a_switch(house: House, busy_s: float, switches: int) -> None:
    begun = asyncio.Event()

    async def take_long(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        if not begun.is_set():
            begun.set()
            await asyncio.sleep(busy_s)
        await exchange.chunk(b"")

    holder, _ = await house.serve(take_long, speak)
    house.know(holder, Record(switched=True, gpt_weights=A.gpt_weights, sovits_weights=A.sovits_weights))
    pool = house.pool()
    first = asyncio.create_task(hear(pool, voice=A))
    await begun.wait()
    assert await hear(pool, voice=A) == SOUND
    assert await first == SOUND
    assert [len(paths) for paths in house.switches()] == [0, switches]


async def test_after_a_failure_both_weights_are_set_again(house: House) -> None:
    async def fail_once(exchange: Exchange) -> None:
        if exchange.path == "/tts" and house.asked()[0] == 2:
            exchange.writer.transport.abort()
        else:
            await speak(exchange)

    await house.serve(fail_once)
    pool = house.pool()
    assert await hear(pool, voice=A) == SOUND
    with pytest.raises(APIConnectionError):
        await hear(pool, voice=A)
    assert await hear(pool, voice=A) == SOUND
    assert len(house.switches()[0]) == 4
    assert await hear(pool, voice=A) == SOUND
    assert len(house.switches()[0]) == 4


async def test_weights_that_cannot_be_set_are_one_clear_line(house: House) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(
            b'{"message":"change gpt weight failed","Exception":"no such file"}',
            status="400 Bad Request",
            content_type="application/json",
        )

    (url,) = await house.serve(refuse)
    with pytest.raises(APIStatusError) as raised:
        await hear(house.pool(), voice=A)
    assert f"{url}/set_gpt_weights answered 400: change gpt weight failed; no such file" in raised.value.message
    assert house.asked() == [0]
    assert not house.known(url).holds(A)


async def test_a_switch_that_was_broken_off_is_not_taken_for_done(house: House) -> None:
    (url,) = await house.serve(Exchange.gone)
    task = asyncio.create_task(hear(house.pool(), voice=A))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.known(url) == Record(switched=True)


async def test_a_voice_without_weights_keeps_off_replicas_that_were_switched(house: House) -> None:
    await house.serve(speak, speak)
    pool = house.pool()
    await hear(pool, voice=A)
    for _ in range(3):
        await hear(pool)
    assert house.asked() == [1, 3]
    house.know(house.urls[1], Record(switched=True))
    with pytest.raises(APIConnectionError, match="this voice names none") as raised:
        await hear(pool)
    assert not raised.value.retryable


async def test_a_replica_that_keeps_failing_is_left_alone_until_its_pause_is_over(house: House) -> None:
    broken = True

    async def failing_at_first(exchange: Exchange) -> None:
        await (no_answer if broken else speak)(exchange)

    bad, good = await house.serve(failing_at_first, speak)
    pool = house.pool()
    held = Lease.take(Replica(good, house.folder).lock)
    assert held is not None
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(APIConnectionError):
            await hear(pool, timeout_s=0.05)
    assert house.known(bad).breaker.state(time.time()) is State.OPEN
    with pytest.raises(APITimeoutError, match="is busy with other speech") as raised:
        await hear(pool, timeout_s=0.05)
    assert "left alone" in raised.value.message
    assert house.asked() == [FAILURES_TO_OPEN, 0]
    label = {"replica": bad}
    assert REGISTRY.get_sample_value("gpt_sovits_breaker_state", label) == 2

    broken = False
    past = replace(house.known(bad).breaker, open_until_s=time.time() - 1)
    house.know(bad, replace(house.known(bad), breaker=past))
    assert await hear(pool) == SOUND
    assert house.known(bad).breaker == Breaker()
    assert REGISTRY.get_sample_value("gpt_sovits_breaker_state", label) == 0
    held.release()


async def test_where_all_are_left_alone_the_one_that_failed_longest_ago_is_tried(house: House) -> None:
    await house.serve(no_answer, speak)
    now_s = time.time()
    for url, ago_s in zip(house.urls, (1.0, 2.0), strict=True):
        breaker = Breaker(failures=5, failed_at_s=now_s - ago_s, open_until_s=now_s + 30)
        house.know(url, Record(breaker=breaker))
    pool = house.pool()
    assert not pool.ready
    assert await hear(pool) == SOUND
    assert house.asked() == [0, 1]
    assert pool.ready


async def test_a_text_that_nobody_can_speak_does_not_wear_all_replicas_out(house: House) -> None:
    await house.serve(broken_chunk, broken_chunk, broken_chunk)
    pool = house.pool()
    with pytest.raises(APIConnectionError):
        await hear(pool)
    assert house.asked() == [1, 1, 1]
    assert sum(house.known(url).breaker.failures for url in house.urls) == 1


async def test_leaving_closes_the_connection_and_frees_the_replica_at_once(house: House) -> None:
    closed = asyncio.Event()

    async def for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()
        closed.set()

    (url,) = await house.serve(for_ever)
    started = asyncio.Event()

    async def listen() -> None:
        async with house.pool().speak(TEXT, VOICE, timeout_s=5) as reply:
            started.set()
            async for _ in reply.pieces():
                pass

    task = asyncio.create_task(listen())
    await started.wait()
    assert Replica(url, house.folder).take() is None
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    turn = Replica(url, house.folder).take()
    assert turn is not None
    turn.leave()
    async with asyncio.timeout(1):
        await closed.wait()
    print("barge-in to closed connection, ms:", round(1000 * (time.monotonic() - begun), 2))
    assert house.known(url).breaker.failures == 0


async def test_cancelled_before_any_sound_it_frees_the_replica_too(house: House) -> None:
    closed = asyncio.Event()

    async def stall(exchange: Exchange) -> None:
        await exchange.gone()
        closed.set()

    (url,) = await house.serve(stall)
    task = asyncio.create_task(hear(house.pool()))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    turn = Replica(url, house.folder).take()
    assert turn is not None
    assert turn.record == Record()
    turn.leave()
    async with asyncio.timeout(1):
        await closed.wait()


async def test_tasks_of_one_process_take_turns_and_use_every_replica(house: House) -> None:
    at_once = [0, 0]

    def counted(which: int) -> Script:
        async def serve(exchange: Exchange) -> None:
            at_once[which] += 1
            assert at_once[which] == 1
            await speak(exchange)
            at_once[which] -= 1

        return serve

    await house.serve(counted(0), counted(1))
    pool = house.pool()
    heard = await asyncio.gather(*(hear(pool) for _ in range(10)))
    assert heard == [SOUND] * 10
    assert min(house.asked()) >= 3


OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
import aiohttp
from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.pool import Pool

async def main(url, folder, text, times):
    voice = Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en")
    async with aiohttp.ClientSession() as session:
        pool = Pool([url], http=lambda: session, state_dir=Path(folder))
        for _ in range(int(times)):
            async with pool.speak(text, voice, timeout_s=20) as reply:
                async for _ in reply.pieces():
                    pass

asyncio.run(main(*sys.argv[1:]))
"""


async def another_process(url: str, folder: Path, *, times: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_PROCESS, url, str(folder), TEXT, str(times))


async def test_two_processes_never_overlap_on_one_replica(house: House) -> None:
    at_once, most, begun = 0, 0, asyncio.Event()

    async def counted(exchange: Exchange) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        begun.set()
        await speak(exchange)
        at_once -= 1

    (url,) = await house.serve(counted)
    other = await another_process(url, house.folder, times=20)
    await begun.wait()  # the other process speaks
    pool = house.pool()
    for _ in range(20):
        assert await hear(pool, timeout_s=20) == SOUND
    assert await other.wait() == 0
    assert house.asked() == [40]
    assert most == 1


async def test_a_process_that_is_killed_leaves_the_replica_free(house: House) -> None:
    begun = asyncio.Event()

    async def first_for_ever(exchange: Exchange) -> None:
        if begun.is_set():
            await speak(exchange)
            return
        begun.set()
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    (url,) = await house.serve(first_for_ever)
    other = await another_process(url, house.folder, times=1)
    await begun.wait()
    with pytest.raises(APITimeoutError, match="is busy"):
        await hear(house.pool(), timeout_s=0.1)
    other.send_signal(signal.SIGKILL)
    assert await hear(house.pool()) == SOUND
    assert await other.wait() == -signal.SIGKILL


async def test_draining_waits_for_what_runs_and_takes_nothing_new(house: House) -> None:
    await house.serve(speak)
    pool = house.pool()
    async with pool.speak(TEXT, VOICE, timeout_s=5) as reply:
        closing = asyncio.create_task(pool.aclose())
        await asyncio.sleep(0.02)
        assert not closing.done()
        with pytest.raises(APIConnectionError, match="is closed"):
            await hear(pool)
        assert b"".join([piece async for piece in reply.pieces()]) == SOUND
    await closing
    await pool.aclose()


async def test_draining_has_an_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livekit.plugins.gpt_sovits.pool._DRAIN_S", 0.1)

    async def for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND)
        await exchange.gone()

    (url,) = await house.serve(for_ever)
    pool = house.pool()
    speech = asyncio.create_task(hear(pool, timeout_s=30))
    await asyncio.sleep(0.1)
    await pool.aclose()
    with pytest.raises(APIConnectionError):
        await speech
    assert house.known(url).breaker.failures == 0, "it was we who closed it"


async def test_warming_up_asks_each_replica_once_a_language(house: House) -> None:
    await house.serve(speak, speak)
    korean = replace(VOICE, text_lang="ko")
    assert await house.pool().warm_up([VOICE, korean, replace(VOICE, speed_factor=1.2)]) == []
    assert house.asked() == [2, 2]
    assert {request["text"] for request in house.servers[0].requests} == {"Hello.", "안녕하세요."}
    assert await house.pool().warm_up([VOICE, korean]) == []
    assert house.asked() == [2, 2], "what is warm is left alone"


async def test_warming_up_shares_the_weights_between_the_replicas(house: House) -> None:
    await house.serve(speak, speak, speak)
    pool = house.pool()
    assert await pool.warm_up([A, B]) == []
    assert [len(switches) for switches in house.switches()] == [2, 2, 2]
    held = [status.gpt_weights for status in await pool.status()]
    assert set(held) == {A.gpt_weights, B.gpt_weights}
    assert await pool.warm_up([B, A]) == []
    assert [status.gpt_weights for status in await pool.status()] == held


async def test_warming_up_says_what_failed(house: House) -> None:
    gone = nobody()
    await house.serve(speak, broken_chunk)
    failures = await house.pool([gone, *house.urls]).warm_up([VOICE])
    assert len(failures) == 2
    assert f"cannot connect to {gone}" in failures[0]
    assert f"{house.urls[1]}/tts broke off" in failures[1]
    assert await house.pool([gone, *house.urls]).warm_up([]) == []


async def test_a_server_that_is_not_up_yet_is_not_held_against_the_replica(house: House) -> None:
    async def broken_within_speech(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + SOUND[:9000])

    url = nobody()
    pool = house.pool([url])
    for _ in range(FAILURES_TO_OPEN + 1):
        assert len(await pool.warm_up([VOICE])) == 1
    assert pool.ready
    await house.serve(broken_within_speech)
    for _ in range(FAILURES_TO_OPEN + 1):
        assert len(await house.pool().warm_up([VOICE])) == 1
    assert [house.known(each).breaker for each in (url, *house.urls)] == [Breaker(), Breaker()]


async def test_the_status_tells_who_is_up_and_holds_what(house: House) -> None:
    async def up(exchange: Exchange) -> None:
        if exchange.fields or exchange.path.startswith("/set_"):
            await speak(exchange)
        else:
            await exchange.reply(b'{"message":"text is required"}', status="400 Bad Request")

    page = answer(b"<html>", content_type="text/html")
    await house.serve(up, page)
    gone = nobody()
    pool = house.pool([house.urls[0], house.urls[1].replace("//", "//me:secret@"), gone])
    async with pool.speak(TEXT, A, timeout_s=5):
        speaking, web, none = await pool.status()
    assert (speaking.alive, speaking.busy, speaking.gpt_weights) == (True, True, A.gpt_weights)
    assert (web.alive, web.busy) == (False, False)
    assert web.url == house.urls[1], "without the password"
    assert "answered 200 (text/html)" in web.why_not
    assert "secret" not in web.why_not
    assert f"cannot connect to {gone}" in none.why_not
    speaking = (await pool.status())[0]
    assert (speaking.switched, none.switched) == (True, False)
    assert (speaking.busy, speaking.warm, speaking.breaker) == (False, ("en",), State.CLOSED)


async def test_a_replica_is_counted_under_its_url(house: House) -> None:
    (url,) = await house.serve(speak)
    await hear(house.pool())

    def value(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"gpt_sovits_{name}", {"replica": url, **labels})

    assert value("requests_total", outcome="ok") == 1
    assert value("time_to_first_byte_seconds_count") == 1
    assert value("real_time_factor_count") == 1
    assert value("queue_wait_seconds_count") == 1


async def test_a_folder_that_was_cleaned_away_is_made_anew(house: House) -> None:
    await house.serve(speak)
    house.folder = house.folder / "state"
    pool = house.pool()
    house.folder.rmdir()
    assert await hear(pool) == SOUND


@pytest.mark.parametrize("urls", [[], [""], ["127.0.0.1:9880"], ["ws://127.0.0.1:9880"], ["http://"]])
async def test_a_url_that_is_none_is_a_value_error(house: House, urls: list[str]) -> None:
    with pytest.raises(ValueError, match="voice server"):
        Pool(urls, http=lambda: house.session, state_dir=house.folder)
