"""livekit.plugins.gpt_sovits' `stream()`: a reply is read aloud while it is written.

What is asked for and when, the pauses, how far it reads ahead, and what an interruption does.
"""

import asyncio
import functools
import re
import selectors
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from livekit.agents import APIConnectOptions

from livekit.plugins.gpt_sovits import TTS, Voice
from livekit.plugins.gpt_sovits.clauses import Clause, ClauseCutter
from livekit.plugins.gpt_sovits.pauses import LEAD_S
from livekit.plugins.gpt_sovits.reading import AHEAD_S
from support.bursts import RATE, runs, speech, talk
from support.heard import ONCE, Heard, Way, streamed, synthesized
from support.voice_server import Exchange, stream_header, voice_server

ENGLISH = Voice(ref_audio_path="voices/june.wav", prompt_lang="en", text_lang="en")
KOREAN = Voice(ref_audio_path="voices/dasom.wav", prompt_lang="ko", text_lang="ko")
REPLY = "Good morning! How did you sleep? I was thinking of your garden, and of the roses in it. They need water."


@pytest.fixture(autouse=True)
def _replicas_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def clauses_of(text: str) -> list[Clause]:
    cutter = ClauseCutter()
    return [*cutter.push(text), *cutter.flush()]


def silences_s(heard: Heard) -> list[float]:
    """How long it is quiet between two clauses; the gaps between bursts are shorter."""
    return [(later[0] - sooner[1]) / RATE for sooner, later in pairwise(runs(heard.samples, gap_s=0.06))]


async def test_the_first_clause_is_asked_for_while_the_reply_is_being_written(session: aiohttp.ClientSession) -> None:
    async with voice_server(talk()) as server, asyncio.timeout(5):
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        async with tts.stream(conn_options=ONCE) as stream:
            for token in ("Good", " morn", "ing!", " How", " did"):
                stream.push_text(token)
            first = await anext(stream)
            assert first.frame.duration > 0
            assert [fields["text"] for fields in server.requests] == ["Good morning!"]
            stream.push_text(" you sleep?")
            stream.end_input()
            await Heard(tts).listen(stream)
    assert [fields["text"] for fields in server.requests] == ["Good morning!", "How did you sleep?"]


async def test_a_new_try_while_the_reply_is_being_written_loses_no_word(session: aiohttp.ClientSession) -> None:
    failed = asyncio.Event()

    async def fail_first(exchange: Exchange) -> None:
        if failed.is_set():
            await talk()(exchange)
        failed.set()

    async with voice_server(fail_first) as server, asyncio.timeout(5):
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        heard = Heard(tts)
        async with tts.stream(conn_options=APIConnectOptions(max_retry=1, retry_interval=0.05)) as stream:
            stream.push_text("Good morning! How")
            await failed.wait()
            stream.push_text(" did you")
            await asyncio.sleep(0.1)
            stream.push_text(" sleep?")
            stream.end_input()
            await heard.listen(stream)
    asked = [fields["text"] for fields in server.requests]
    assert asked == ["Good morning!", "Good morning!", "How did you sleep?"]
    assert len(heard.metrics) == len(heard.errors) == 1


@pytest.mark.parametrize("way", [synthesized, streamed])
async def test_clauses_are_asked_for_and_heard_in_their_order(session: aiohttp.ClientSession, way: Way) -> None:
    async with voice_server(talk()) as server:
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), REPLY, ONCE)
    asked = [fields["text"] for fields in server.requests]
    assert asked == [clause.text for clause in clauses_of(REPLY)]
    assert len(asked) >= 3
    lengths_s = [(end - begin) / RATE for begin, end in runs(heard.samples, gap_s=0.06)]
    assert lengths_s == [pytest.approx(len(speech(text)) / RATE, abs=0.04) for text in asked]


async def test_the_next_clause_is_asked_for_while_this_one_plays(session: aiohttp.ClientSession) -> None:
    asked_s: list[float] = []

    async def note(exchange: Exchange) -> None:
        asked_s.append(asyncio.get_running_loop().time())
        await talk()(exchange)

    async with voice_server(note) as server:
        heard = await streamed(TTS(urls=server.url, voice=ENGLISH, http_session=session), REPLY)
    first_s = len(speech(server.requests[0]["text"])) / RATE
    assert asked_s[1] < heard.arrived_s[0] + first_s / 2


@pytest.mark.parametrize("way", [synthesized, streamed])
@pytest.mark.parametrize("trail_s", [0.0, 0.3, 1.2])
@pytest.mark.parametrize("lead_s", [0.0, 0.4])
async def test_the_silence_between_clauses_is_the_intended_pause(
    session: aiohttp.ClientSession, way: Way, trail_s: float, lead_s: float
) -> None:
    text = REPLY + "\n\nIs it going to rain, I wonder…  Perhaps not today."
    async with voice_server(talk(trail_s=trail_s, lead_s=lead_s)) as server:
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), text, ONCE)
    intended_s = [clause.pause_s for clause in clauses_of(text)][:-1]
    assert len(set(intended_s)) >= 3
    assert silences_s(heard) == [pytest.approx(pause_s, abs=LEAD_S + 0.01) for pause_s in intended_s]


async def test_a_pause_that_has_passed_in_waiting_is_not_made_again(session: aiohttp.ClientSession) -> None:
    text = "Good morning! How did you sleep?"

    async def late_with_the_second(exchange: Exchange) -> None:
        await talk(before_s=1.5 if "sleep" in exchange.fields["text"] else 0.0)(exchange)

    async with voice_server(late_with_the_second) as server:
        live = await streamed(TTS(urls=server.url, voice=ENGLISH, http_session=session), text)
        whole = await synthesized(TTS(urls=server.url, voice=ENGLISH, http_session=session), text)
    pause_s = clauses_of(text)[0].pause_s
    # The first clause plays for 0.9 s, and the second comes 1.5 s after it: longer than the pause.
    assert live.duration_s == pytest.approx(whole.duration_s - pause_s, abs=0.1)
    assert silences_s(whole) == [pytest.approx(pause_s, abs=0.03)]


@pytest.mark.parametrize("way", [synthesized, streamed])
async def test_what_is_written_is_asked_for_as_it_is_spoken(session: aiohttp.ClientSession, way: Way) -> None:
    text = "*smiles warmly* **Good morning!** It is 3:30, and you are 75 years old today! 🎂 (laughs) Come & sit down."
    async with voice_server(talk()) as server:
        heard = await way(TTS(urls=server.url, voice=ENGLISH, http_session=session), text, ONCE)
    asked = " ".join(fields["text"] for fields in server.requests)
    assert not re.search(r"[*\d🎂()&]|smiles|laughs", asked)
    assert asked.startswith("Good morning!")
    assert "three thirty" in asked
    assert "seventy-five years old" in asked
    assert asked.endswith("Come and sit down.")
    heard.assert_native(rate=RATE, characters=len(text), segments=int(way is streamed))


async def test_korean_numbers_are_asked_for_in_words(session: aiohttp.ClientSession) -> None:
    async with voice_server(talk()) as server:
        tts = TTS(urls=server.url, voice=KOREAN, http_session=session)
        heard = await streamed(tts, "(미소를 지으며) 지금은 3시 30분이에요. 일흔다섯 살, 75살이시죠?")
    asked = " ".join(fields["text"] for fields in server.requests)
    assert heard.raised is None
    assert asked == "지금은 세 시 삼십 분이에요. 일흔다섯 살, 일흔다섯 살이시죠?"


@pytest.mark.parametrize("tokens", [["Good ", "morning.", "\n\n"], ["Good morning", "", "."], ["…", " Good morning."]])
async def test_odd_tokens_change_nothing(session: aiohttp.ClientSession, tokens: list[str]) -> None:
    async with voice_server(talk()) as server:
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        heard = Heard(tts)
        async with tts.stream(conn_options=ONCE) as stream:
            for token in tokens:
                stream.push_text(token)
            stream.flush()
            stream.end_input()
            await heard.listen(stream)
    assert [fields["text"].strip("… ") for fields in server.requests] == ["Good morning."]
    heard.assert_native(rate=RATE, characters=len("".join(tokens)), segments=1)


@pytest.mark.parametrize("way", ["synthesize", "stream"])
async def test_an_interruption_closes_the_connection_and_frees_the_replica(
    session: aiohttp.ClientSession, way: str, record_property: Callable[[str, object], None]
) -> None:
    closed_s = asyncio.Queue[float]()

    async def speak_for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + speech("x" * 40).tobytes())
        await exchange.gone()
        closed_s.put_nowait(time.perf_counter())

    took_ms = []
    async with voice_server(speak_for_ever) as server:
        tts = TTS(urls=server.url, voice=ENGLISH, http_session=session)
        for _ in range(10):
            stream = tts.stream(conn_options=ONCE) if way == "stream" else tts.synthesize(REPLY, conn_options=ONCE)
            async with stream:
                if way == "stream":
                    stream.push_text(REPLY)  # type: ignore[union-attr]
                await anext(stream)
                begun = time.perf_counter()
            assert not (await tts.pool.status())[0].busy
            took_ms.append(1000 * (await closed_s.get() - begun))
    print(f"{way}: connection closed after, ms:", [round(value, 1) for value in sorted(took_ms)])
    record_property("barge_in_ms", sorted(took_ms))
    assert max(took_ms) < 500
    assert sum(bool(fields) for fields in server.requests) == 10, "what was queued is not asked for"


class _Hurried(selectors.DefaultSelector):
    """Waits a part of what it is told to."""

    speed = 1

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / self.speed if timeout else timeout)


class _HurriedLoop(asyncio.SelectorEventLoop):
    """A loop in which `speed` seconds pass in one."""

    def __init__(self, speed: int) -> None:
        self._speed, selector = speed, _Hurried()
        selector.speed = speed
        super().__init__(selector)

    def time(self) -> float:
        return super().time() * self._speed


def test_a_long_reply_is_read_no_further_ahead_than_need_be() -> None:
    """Ten thousand characters, twelve minutes, at two hundred times the speed, or what a busy machine can follow."""
    reply = " ".join(
        f"This is sentence number {chr(97 + n % 26)}, and it tells of a day in spring." for n in range(180)
    )
    assert len(reply) > 10_000
    options = APIConnectOptions(max_retry=0, timeout=400.0)  # two seconds

    async def read_out() -> None:
        loop = asyncio.get_running_loop()
        async with voice_server(talk()) as server, aiohttp.ClientSession() as session:
            tts = TTS(urls=server.url, voice=ENGLISH, http_session=session, first_byte_s=400.0)
            async with tts.stream(conn_options=options) as stream:
                stream.push_text(reply)
                stream.end_input()
                given_s, begun_s = 0.0, 0.0
                async for audio in stream:
                    begun_s = begun_s or loop.time()
                    given_s += audio.frame.duration
                    ahead_s.append(given_s - (loop.time() - begun_s))
                played_s.append(given_s)
            asked.append(" ".join(fields["text"] for fields in server.requests))

    ahead_s, played_s, asked = list[float](), list[float](), list[str]()
    for speed in (200, 70, 25):
        ahead_s, played_s, asked = [], [], []
        with asyncio.Runner(loop_factory=functools.partial(_HurriedLoop, speed)) as runner:
            runner.run(read_out())
        assert asked == [reply]
        assert played_s[0] > 600
        if max(ahead_s) > AHEAD_S / 2:
            break
    clause_s = max(len(speech(clause.text)) / RATE for clause in clauses_of(reply))
    print(f"played {played_s[0]:.0f} s, at most {max(ahead_s):.1f} s ahead, a clause up to {clause_s:.1f} s")
    assert AHEAD_S / 2 < max(ahead_s) < AHEAD_S + clause_s + 2.0


async def test_a_text_that_is_there_is_not_paced(session: aiohttp.ClientSession) -> None:
    text = " ".join(["This is a sentence about a long day in spring."] * 30)
    async with voice_server(talk()) as server:
        begun = time.monotonic()
        heard = await synthesized(TTS(urls=server.url, voice=ENGLISH, http_session=session), text)
    assert heard.duration_s > 60
    assert time.monotonic() - begun < 20
