"""The real stand-in voice server as a process of its own, for the length of a test or of a run."""

import json
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt

from support.speech import PIPER_VOICE

_READY = re.compile(r"is ready on (http://\S+)")


FIELDS: dict[str, Any] = {
    "text": "Good morning.",
    "text_lang": "en",
    "ref_audio_path": "voices/june.wav",
    "prompt_lang": "en",
    "streaming_mode": 3,
    "fragment_interval": 0,
    "seed": 1,
}
"""A request that is spoken, in the same samples every time."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rate_hz(self) -> int:
        """By the WAV header."""
        assert self.body[:4] + self.body[8:12] == b"RIFFWAVE"
        return int(struct.unpack_from("<I", self.body, 24)[0])

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """What follows the WAV header."""
        assert self.body[:4] + self.body[8:12] == b"RIFFWAVE"
        return np.frombuffer(self.body[44:], dtype=np.int16)


@dataclass
class Standin:
    """A running stand-in."""

    process: subprocess.Popen[str]
    url: str = ""
    log: list[str] = field(default_factory=list)
    """What it has written so far, line by line."""

    async def tts(self, **fields: Any) -> Reply:
        """POST /tts with FIELDS but for `fields`; those given as ... are left out."""
        body = {name: value for name, value in {**FIELDS, **fields}.items() if value is not ...}
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/tts", json=body) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str, **query: str) -> Reply:
        async with aiohttp.ClientSession() as session, session.get(self.url + path, params=query) as response:
            return Reply(response.status, response.headers, await response.read())

    async def plan(self, fault: str, **values: Any) -> None:
        """Plans a fault for the next request, after those planned before. It has to run with `--faults`."""
        plan = {"fault": fault, **values}
        url = f"{self.url}/stand-in/faults"
        async with aiohttp.ClientSession() as session, session.post(url, json=plan) as response:
            assert response.status == 204, await response.text()

    async def forget_faults(self) -> None:
        url = f"{self.url}/stand-in/faults"
        async with aiohttp.ClientSession() as session, session.delete(url) as response:
            assert response.status == 204

    def read_log(self) -> None:
        """Collects its standard error until that ends."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def wait_ready(self, times: int = 1, *, timeout_s: float = 60.0) -> bool:
        """Waits until it has said for the `times`th time that it is ready. False if it ended, or the time is over."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            ready = [found[1] for line in self.log if (found := _READY.search(line))]
            if len(ready) >= times:
                self.url = ready[-1]
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False


async def read_all(response: aiohttp.ClientResponse) -> tuple[bytes, Exception | None]:
    """The body as far as it comes, and what ended it before its end."""
    body = b""
    try:
        while data := await response.content.readany():
            body += data
    except (aiohttp.ClientError, OSError) as error:
        return body, error
    return body, None


@contextmanager
def running_standin(*arguments: str, piper: bool = True) -> Iterator[Standin]:
    """Starts the stand-in on a free port, waits until it is ready, and ends it.

    Without Piper it needs no model, is ready at once and speaks at several hundred times real time.
    """
    command = [sys.executable, "-m", "malbeot_local.standin", "--port", "0"]
    if piper:
        command += ["--piper-voice", str(PIPER_VOICE)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    standin = Standin(process)
    reader = threading.Thread(target=standin.read_log, name="standin-log")
    reader.start()
    try:
        assert standin.wait_ready(), f"the stand-in voice server did not get ready: {standin.log}"
        yield standin
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()
        assert process.stderr is not None
        process.stderr.close()
