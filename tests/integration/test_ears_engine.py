"""The recognition engine as a process: its socket, its queue, its life. Real model, real speech."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import numpy as np
import psutil
import pytest

from livekit.plugins.whisper import Address, finding
from livekit.plugins.whisper.client import Client
from livekit.plugins.whisper.errors import BusyError, EngineError, RefusedError, ReplacedError
from livekit.plugins.whisper.protocol import Heard, Kind, Question, Samples
from support.ears import engines, engines_of_our_own
from support.listening import resampled
from support.recognise import word_error_rate
from support.speech import WHISPER_MODEL, english

pytestmark = pytest.mark.models

SENTENCE = "We should buy some bread and apples on the way home."
_SERVE = [sys.executable, "-m", "livekit.plugins.whisper", "serve"]
_READY_WITHIN_S = 60
_ANSWER_WITHIN_S = 60


def question(call: str, kind: Kind = Kind.FINAL, *, language: str | None = "en", speech_s: float = 3.0) -> Question:
    return Question(call=call, kind=kind, language=language, speech_end_s=speech_s, word_times=kind is Kind.FINAL)


@pytest.fixture(scope="module")
def speech() -> Samples:
    return resampled(english(SENTENCE), 16000)


@contextmanager
def running_engine(*arguments: str, token: str = "") -> Iterator[subprocess.Popen[str]]:
    """An engine on an address of the test's, ready."""
    environment = {**os.environ, "WHISPER_ENGINE_TOKEN": token}
    process = subprocess.Popen(
        [*_SERVE, str(WHISPER_MODEL), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        assert "hears on" in process.stdout.readline()
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    where = f"unix:{tmp_path_factory.mktemp('ears')}/engine.sock"
    with running_engine("--address", where):
        yield Address.parse(where)


@pytest.fixture
async def client(address: Address) -> AsyncIterator[Client]:
    async with Client(address) as client:
        yield client


async def metric(client: Client, name: str) -> float:
    """The sum of a metric's samples over its labels."""
    async with client._session.get("http://localhost/metrics") as response:
        text = await response.text()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


async def test_words_over_the_socket(client: Client, speech: Samples) -> None:
    heard = await client.recognise(question("a"), speech, timeout_s=_ANSWER_WITHIN_S)
    assert word_error_rate(SENTENCE, heard.text) <= 0.1
    assert heard.language == "en"
    assert all(word.end_s is not None for word in heard.words)
    interim = await client.recognise(question("a", Kind.INTERIM), speech, timeout_s=_ANSWER_WITHIN_S)
    assert interim.words[0].end_s is None


async def test_the_model_is_in_memory_once_for_many_calls(client: Client, speech: Samples) -> None:
    pid = (await client.health(timeout_s=5))["pid"]
    before = psutil.Process(pid).memory_full_info().uss
    asked = [client.recognise(question(f"call{n}"), speech, timeout_s=_ANSWER_WITHIN_S) for n in range(12)]
    batches = await metric(client, "whisper_batch_size_count")
    for heard in await asyncio.gather(*asked):
        assert word_error_rate(SENTENCE, heard.text) <= 0.1
    assert await metric(client, "whisper_batch_size_count") - batches < 12, "nothing was recognised together"
    assert psutil.Process(pid).memory_full_info().uss - before < 12 * 15e6
    assert await metric(client, "whisper_queue_wait_seconds_count") >= 12
    assert await metric(client, "whisper_audio_seconds_total") >= 12 * len(speech) / 16000 - 1
    assert await metric(client, "whisper_audio_seconds_per_second") > 1


async def test_a_full_queue_answers_busy_at_once_and_a_newer_interim_replaces_the_older(
    client: Client, speech: Samples
) -> None:
    finals = [
        asyncio.create_task(client.recognise(question(f"f{n}"), speech, timeout_s=_ANSWER_WITHIN_S)) for n in range(50)
    ]
    await asyncio.sleep(0.1)
    first = asyncio.create_task(client.recognise(question("slow", Kind.INTERIM), speech, timeout_s=_ANSWER_WITHIN_S))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(client.recognise(question("slow", Kind.INTERIM), speech, timeout_s=_ANSWER_WITHIN_S))
    with pytest.raises(ReplacedError):
        await first
    more = [
        asyncio.create_task(client.recognise(question(f"m{n}"), speech, timeout_s=_ANSWER_WITHIN_S)) for n in range(40)
    ]
    loop = asyncio.get_running_loop()
    began = loop.time()
    answers = await asyncio.gather(*more, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BusyError)]
    assert refused
    assert all(isinstance(answer, BusyError | Heard) for answer in answers)
    assert loop.time() - began < _ANSWER_WITHIN_S
    assert all(heard.text for heard in await asyncio.gather(*finals))
    # An interim goes last, or not at all.
    (late,) = await asyncio.gather(second, return_exceptions=True)
    assert isinstance(late, Heard | ReplacedError)
    assert await metric(client, "whisper_dropped_total") >= len(refused) + 1


async def test_who_is_gone_is_forgotten(client: Client, address: Address, speech: Samples) -> None:
    async with Client(address) as leaving:
        asked = [
            asyncio.create_task(leaving.recognise(question(f"g{n}"), speech, timeout_s=_ANSWER_WITHIN_S))
            for n in range(20)
        ]
        await asyncio.sleep(0.1)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    heard = await client.recognise(question("here"), speech, timeout_s=_ANSWER_WITHIN_S)
    assert heard.text
    assert await metric(client, "whisper_waiting") == 0


async def begun(address: Address, body: bytes) -> asyncio.StreamWriter:
    """A question that says it is twice as long as what comes of it."""
    _, writer = await asyncio.open_unix_connection(address.path)
    head = f"POST /recognize HTTP/1.1\r\nHost: ears\r\nContent-Length: {2 * len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return writer


async def test_who_leaves_in_the_middle_of_a_question_is_forgotten(
    client: Client, address: Address, speech: Samples
) -> None:
    for _ in range(20):
        writer = await begun(address, speech.tobytes())
        writer.close()
        await writer.wait_closed()
    heard = await client.recognise(question("stays"), speech, timeout_s=_ANSWER_WITHIN_S)
    assert word_error_rate(SENTENCE, heard.text) <= 0.1
    assert await metric(client, "whisper_waiting") == 0


async def test_a_socket_full_of_questions_that_never_end_holds_nobody_up(
    client: Client, address: Address, speech: Samples
) -> None:
    writers = [await begun(address, speech.tobytes()[:2000]) for _ in range(300)]
    try:
        heard = await client.recognise(question("real"), speech, timeout_s=_ANSWER_WITHIN_S)
        assert word_error_rate(SENTENCE, heard.text) <= 0.1
    finally:
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


@pytest.mark.parametrize("body", [b"", b"\0\0\0\5{}", b"\xff" * 100, b"\0\0\0\2{}\0"])
async def test_a_body_that_is_no_question(client: Client, body: bytes) -> None:
    async with client._session.post("http://localhost/recognize", data=body) as response:
        assert response.status == 400
        assert "\n" not in (await response.text()).strip()


async def test_what_the_engine_refuses(client: Client, speech: Samples) -> None:
    with pytest.raises(RefusedError, match="does not know 'tlh'"):
        await client.recognise(question("a", language="tlh"), speech, timeout_s=5)
    with pytest.raises(RefusedError, match="more than 28 s"):
        await client.recognise(question("a"), np.zeros(16000 * 29, np.int16), timeout_s=5)


async def test_over_tcp_with_a_token(speech: Samples, unused_tcp_port: int) -> None:
    where = f"tcp://127.0.0.1:{unused_tcp_port}"
    with running_engine("--address", where, token="only between us") as process:
        assert "only between us" not in " ".join(psutil.Process(process.pid).cmdline())
        async with Client(Address.parse(where), "only between us") as client:
            heard = await client.recognise(question("a"), speech, timeout_s=_ANSWER_WITHIN_S)
            assert word_error_rate(SENTENCE, heard.text) <= 0.1
        for token in (None, "only between u", "only between us!"):
            async with Client(Address.parse(where), token) as stranger:
                with pytest.raises(RefusedError, match="token"):
                    await stranger.recognise(question("a"), speech, timeout_s=5)


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ([str(WHISPER_MODEL), "--address", "tcp://127.0.0.1:1"], 1, "WHISPER_ENGINE_TOKEN"),
        (["/nowhere/model", "--address", "unix:/tmp/never.sock"], 3, "Whisper model /nowhere/model is not there"),
        ([str(WHISPER_MODEL), "--address", "unix:/nowhere/at/all.sock"], 1, "cannot listen on"),
        ([str(WHISPER_MODEL), "--address", "http://x"], 2, "no address of an engine"),
    ],
)
def test_what_an_engine_does_not_start_with(arguments: list[str], status: int, line: str) -> None:
    done = subprocess.run([*_SERVE, *arguments], capture_output=True, text=True, timeout=_READY_WITHIN_S, check=False)
    assert done.returncode == status
    last = done.stderr.strip().splitlines()[-1]
    assert line in last
    assert "Traceback" not in done.stderr


def test_a_second_engine_on_the_same_socket(address: Address) -> None:
    done = subprocess.run(
        [*_SERVE, str(WHISPER_MODEL), "--address", str(address)],
        capture_output=True,
        text=True,
        timeout=_READY_WITHIN_S,
        check=False,
    )
    assert done.returncode == 1
    assert "listens on" in done.stderr
    assert address.path is not None
    assert address.path.exists(), "the first one is still to be found"


def test_processes_that_start_together_share_one_engine_which_ends_after_them() -> None:
    with engines_of_our_own() as folder:
        program = f"from livekit.plugins import whisper; whisper.prewarm({str(WHISPER_MODEL)!r}); input()"
        users = [
            subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, env=dict(os.environ))
            for _ in range(3)
        ]
        try:
            finding.prewarm(WHISPER_MODEL)
            (engine,) = engines(folder)
        finally:
            for user in users:
                user.communicate(b"\n", timeout=_READY_WITHIN_S)
        assert [user.returncode for user in users] == [0, 0, 0]
        assert engines(folder) == [engine]
        finding.release()
        engine.wait(finding.LINGER_S + 5)
        assert not list(folder.glob("*.sock"))


def test_a_folder_that_others_can_enter_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "livekit-whisper").mkdir(mode=0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(EngineError, match="others can enter"):
        finding.prewarm(WHISPER_MODEL)


async def test_nobody_answers(tmp_path: Path, speech: Samples) -> None:
    async with Client(Address.parse(f"unix:{tmp_path}/nobody.sock")) as client:
        with pytest.raises(aiohttp.ClientError):
            await client.recognise(question("a"), speech, timeout_s=5)
