"""livekit.plugins.gpt_sovits where a server fails within a sentence: who hears it hears it to its end, once.

Scripted servers speak in bursts that tell where they are, so that what is heard can be read off.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Never

import aiohttp
import pytest
from livekit.agents import APIConnectOptions, tts

from livekit.plugins.gpt_sovits import TTS, Voice
from livekit.plugins.gpt_sovits.breaker import FAILURES_TO_OPEN, Breaker
from livekit.plugins.gpt_sovits.clauses import ClauseCutter
from livekit.plugins.gpt_sovits.lease import Lease, Record, default_state_dir, private
from livekit.plugins.gpt_sovits.replica import Replica
from support.bursts import RATE, break_off, bursts_in, places, speech, talk
from support.heard import ONCE, WAYS, Heard, Way, assert_one_clear_line, streamed
from support.recognise import recognise, word_error_rate
from support.standin import running_standin
from support.voice_server import Exchange, Script, VoiceServer, stream_header, voice_server

ENGLISH = Voice(ref_audio_path="voices/june.wav", prompt_lang="en", text_lang="en")
SENTENCE = "The kitchen light is on again"
REPLY = (
    "Good morning! How did you sleep? I was thinking of your garden. They say that it may rain. "
    "Shall we sing a song together, you and I, until it stops?"
)


@dataclass
class House:
    """Scripted servers and the TTS that speaks by them."""

    session: aiohttp.ClientSession
    stack: AsyncExitStack
    servers: list[VoiceServer] = field(default_factory=list)

    async def serve(self, *scripts: Script) -> None:
        for script in scripts:
            self.servers.append(await self.stack.enter_async_context(voice_server(script)))

    async def serve_in_turn(self, *scripts: Script) -> None:
        """All are warm, and the first is asked first."""
        await self.serve(*scripts)
        for place, server in enumerate(self.servers):
            self.know(server, Record(warm=("en",), used_at_s=time.time() - 100 + place))

    def know(self, server: VoiceServer, record: Record) -> None:
        """As if a process had used it and left `record`."""
        lease = Lease.take(Replica(server.url, private(default_state_dir())).lock)
        assert lease is not None
        lease.note(record)
        lease.release()

    async def tts(self, **options: Any) -> TTS:
        urls = [server.url for server in self.servers]
        return await self.stack.enter_async_context(TTS(urls=urls, voice=ENGLISH, http_session=self.session, **options))

    async def fallback(self, script: Script, **options: Any) -> tuple[TTS, VoiceServer]:
        server = await self.stack.enter_async_context(voice_server(script))
        return TTS(urls=server.url, voice=ENGLISH, http_session=self.session, **options), server


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with AsyncExitStack() as stack:
        yield House(await stack.enter_async_context(aiohttp.ClientSession()), stack)


def asked(server: VoiceServer) -> list[str]:
    return [fields["text"] for fields in server.requests]


def assert_said_once(heard: Heard, texts: list[str], *, seams: int, pace: float = 1.0) -> None:
    """All bursts of all texts are heard in their order; at a seam one may be missing, or come twice."""
    wanted = [(text, place) for text in texts for place in range(bursts_in(text))]
    found = places(heard.samples)
    assert abs(len(found) - len(wanted)) <= seams, found
    steps = [later - sooner for sooner, later in pairwise(found)]
    odd = [step for step in steps if step != 1]
    ends = len(texts) - 1  # the bursts begin anew
    assert len(odd) <= ends + seams, found
    assert all(step in (0, 2) for step in odd if step > -5), found


async def dead(exchange: Exchange) -> None:
    exchange.writer.transport.abort()


def recovering(broken: Script, sound: Script) -> tuple[Script, asyncio.Event]:
    """`broken` until the event is set."""
    well = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await (sound if well.is_set() else broken)(exchange)

    return script, well


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("pace", "lead_s"), [(1.0, 0.0), (1.0, 0.12), (1.08, 0.05), (0.93, 0.0)])
@pytest.mark.parametrize("after_s", [0.15, 0.74, 1.48])
async def test_a_sentence_is_completed_by_another_replica(
    house: House, way: Way, pace: float, lead_s: float, after_s: float
) -> None:
    await house.serve_in_turn(break_off(after_s), talk(pace=pace, lead_s=lead_s))
    heard = await way(await house.tts(), SENTENCE, ONCE)
    heard.assert_native(rate=RATE, characters=len(SENTENCE), segments=int(way is streamed))
    assert [asked(server) for server in house.servers] == [[SENTENCE], [SENTENCE]]
    assert_said_once(heard, [SENTENCE], seams=2)
    whole_s = len(speech(SENTENCE, pace=pace)) / RATE + lead_s
    assert heard.duration_s == pytest.approx(whole_s, abs=0.25)


async def test_sound_at_another_rate_completes_it_too(house: House) -> None:
    await house.serve_in_turn(break_off(0.92), talk(rate=48000))
    heard = await streamed(await house.tts(), SENTENCE)
    assert heard.raised is None
    assert [asked(server) for server in house.servers] == [[SENTENCE], [SENTENCE]]
    assert_said_once(heard, [SENTENCE], seams=1)


async def test_the_only_replica_is_asked_again_for_the_rest(house: House) -> None:
    async def once(exchange: Exchange) -> None:
        await (break_off(0.74) if len(house.servers[0].requests) == 1 else talk())(exchange)

    await house.serve(once)
    heard = await streamed(await house.tts(), SENTENCE)
    assert heard.raised is None
    assert_said_once(heard, [SENTENCE], seams=1)


@pytest.mark.parametrize(("timeout_s", "first_byte_s"), [(0.4, 4.0), (60.0, 0.4)])
async def test_a_stall_is_made_good_by_another_replica(house: House, timeout_s: float, first_byte_s: float) -> None:
    await house.serve_in_turn(break_off(0.74, how="stall"), talk())
    begun = time.monotonic()
    options = APIConnectOptions(max_retry=0, timeout=timeout_s)
    heard = await streamed(await house.tts(first_byte_s=first_byte_s), SENTENCE, options)
    assert heard.raised is None
    assert [asked(server) for server in house.servers] == [[SENTENCE], [SENTENCE]]
    assert_said_once(heard, [SENTENCE], seams=1)
    assert time.monotonic() - begun < 0.4 + 5.0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after_s", [0.0, 0.74])
async def test_the_fallback_says_what_no_replica_says_to_its_end(house: House, way: Way, after_s: float) -> None:
    await house.serve(break_off(after_s) if after_s else dead)
    fallback, other = await house.fallback(talk(rate=48000, pace=1.05), sample_rate=48000)
    of_fallback = Heard(fallback)
    tts = await house.tts(fallback=fallback)
    heard = await way(tts, SENTENCE, ONCE)
    assert tts.fallbacks == 1
    heard.assert_native(rate=RATE, characters=len(SENTENCE), segments=int(way is streamed))
    assert asked(other) == [SENTENCE]
    assert_said_once(heard, [SENTENCE], seams=1)
    assert len(of_fallback.metrics) == 1, "the fallback counts what it said"


async def test_the_pool_takes_over_again_when_it_is_back(house: House) -> None:
    script, well = recovering(dead, talk())
    await house.serve(script)
    fallback, other = await house.fallback(talk())
    tts = await house.tts(fallback=fallback)

    heard = await streamed(tts, REPLY)
    heard.assert_native(rate=RATE, characters=len(REPLY), segments=1)
    assert " ".join(asked(other)) == REPLY
    assert_said_once(heard, asked(other), seams=0)
    cutter = ClauseCutter()
    clauses = [clause.text for clause in [*cutter.push(REPLY), *cutter.flush()]]
    assert asked(house.servers[0]) == clauses[:FAILURES_TO_OPEN], "left alone after so many failures"
    assert len(clauses) > FAILURES_TO_OPEN
    spoken = len(asked(other))

    well.set()
    heard = await streamed(tts, "Good morning!")
    assert heard.errors == []
    assert len(asked(other)) == spoken + 1, "it is not asked before its pause is over"

    now_s = time.time()
    house.know(
        house.servers[0],
        Record(breaker=Breaker(failures=FAILURES_TO_OPEN, failed_at_s=now_s - 3, open_until_s=now_s - 1)),
    )
    heard = await streamed(tts, REPLY)
    heard.assert_native(rate=RATE, characters=len(REPLY), segments=1)
    assert len(asked(other)) == spoken + 1
    assert " ".join(asked(house.servers[0])[FAILURES_TO_OPEN:]) == REPLY


async def test_replicas_that_are_late_cost_a_reply_one_wait(house: House) -> None:
    await house.serve_in_turn(Exchange.gone)
    fallback, other = await house.fallback(talk())
    begun = time.monotonic()
    heard = await streamed(await house.tts(fallback=fallback, first_byte_s=1.2), REPLY)
    assert heard.raised is None
    assert len(asked(house.servers[0])) == 1
    assert " ".join(asked(other)) == REPLY
    assert time.monotonic() - begun < 1.2 + 5.0


async def test_where_all_replicas_are_long_at_work_the_fallback_speaks(house: House) -> None:
    await house.serve(break_off(0.74, how="stall"))
    fallback, other = await house.fallback(talk())
    busy = await house.tts(first_byte_s=60.0)
    async with busy.synthesize(SENTENCE, conn_options=APIConnectOptions(max_retry=0, timeout=60.0)) as stream:
        await anext(stream)
        tts = await house.tts(fallback=fallback, first_byte_s=0.2)
        heard = await streamed(tts, SENTENCE, APIConnectOptions(max_retry=0, timeout=60.0))
    assert heard.raised is None
    assert asked(other) == [SENTENCE]
    assert len(asked(house.servers[0])) == 1


async def test_where_the_fallback_fails_too_one_line_tells(house: House) -> None:
    await house.serve(dead)
    fallback, other = await house.fallback(dead)
    heard = await streamed(
        await house.tts(fallback=fallback), SENTENCE, APIConnectOptions(max_retry=1, timeout=2.5, retry_interval=0.05)
    )
    assert heard.raised is not None
    assert_one_clear_line(heard.raised, other.url, unsaid="kitchen")
    assert "nor did the fallback voice" in heard.raised.message
    assert [event.recoverable for event in heard.errors] == [True, False]
    assert heard.metrics == []


async def test_a_fallback_without_sound_does_not_tell_the_text(house: House) -> None:
    class NoSound(tts.ChunkedStream):
        async def _run(self, output_emitter: tts.AudioEmitter) -> None:
            output_emitter.initialize(request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm")

    class Mute(tts.TTS[Never]):
        def synthesize(self, text: str, *, conn_options: APIConnectOptions = ONCE) -> NoSound:
            return NoSound(tts=self, input_text=text, conn_options=conn_options)

    await house.serve(dead)
    mute = Mute(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)
    heard = await streamed(await house.tts(fallback=mute), SENTENCE)
    assert heard.raised is not None
    assert "nor did the fallback voice" in heard.raised.message
    assert "kitchen" not in str(heard.raised)


async def test_an_interruption_while_the_fallback_speaks_closes_its_connection(house: House) -> None:
    closed = asyncio.Event()

    async def speak_for_ever(exchange: Exchange) -> None:
        await exchange.head()
        await exchange.chunk(stream_header(RATE) + speech(SENTENCE).tobytes())
        await exchange.gone()
        closed.set()

    await house.serve(dead)
    fallback, _ = await house.fallback(speak_for_ever)
    tts = await house.tts(fallback=fallback)
    async with tts.stream(conn_options=ONCE) as stream:
        stream.push_text(SENTENCE)
        stream.end_input()
        await anext(stream)
    async with asyncio.timeout(1):
        await closed.wait()
    assert not (await fallback.pool.status())[0].busy


async def test_what_is_logged_names_servers_and_no_text(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.serve_in_turn(break_off(0.74), dead)
    fallback, _ = await house.fallback(talk())
    heard = await streamed(await house.tts(fallback=fallback), SENTENCE)
    assert heard.raised is None
    lines = [record.getMessage() for record in caplog.records if record.name == "livekit.plugins.gpt_sovits"]
    assert any("the sentence is asked for again" in line for line in lines)
    assert any("the fallback voice goes on" in line for line in lines)
    for line in lines:
        assert re.search(r"http://127\.0\.0\.1:\d+", line)
        assert "\n" not in line
        assert "kitchen" not in line


@pytest.mark.models
async def test_a_voice_server_killed_within_a_sentence_is_not_noticed(house: House) -> None:
    text = (
        "Your sister telephoned this morning while you were asleep and asked whether you would like to come to the "
        "market with her on Saturday."
    )
    with running_standin("--faults") as first, running_standin() as second:
        options = {"voice": ENGLISH, "http_session": house.session}
        async with TTS(urls=[first.url, second.url], **options) as tts:
            await tts.pool.warm_up([ENGLISH])
            await first.plan("die", after_bytes=100_000, requests=None)  # of the first clause or the second
            heard = await streamed(tts, f"Good morning. {text}")
            alive = {replica.url: replica.alive for replica in await tts.pool.status()}
    heard.assert_native(rate=RATE, characters=len(text) + 14, segments=1)
    assert alive == {first.url: False, second.url: True}
    recognised = await asyncio.to_thread(recognise, heard.samples, RATE, "en")
    assert word_error_rate(f"Good morning. {text}", recognised) <= 0.2, recognised
