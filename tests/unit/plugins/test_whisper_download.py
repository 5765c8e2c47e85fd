"""`python -m livekit.plugins.whisper download`, against a scripted hub on a loopback port."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from livekit.plugins.whisper.launching import MODEL_CANNOT_LOAD

COMMIT = "a" * 40
FILES = {name: f"the {name}".encode() for name in ("config.json", "model.bin", "tokenizer.json", "vocabulary.json")}


class Hub(BaseHTTPRequestHandler):
    """One repository, someone/whisper, as Hugging Face's hub serves it."""

    def do_GET(self) -> None:
        files = [(name, len(body)) for name, body in (*FILES.items(), ("README.md", b"not wanted"))]
        if self.path.startswith(f"/api/models/someone/whisper/tree/{COMMIT}"):
            tree = [{"type": "file", "path": name, "size": size, "oid": "0"} for name, size in files]
            self._answer(json.dumps(tree).encode())
        elif self.path.startswith("/api/models/someone/whisper"):
            siblings = [{"rfilename": name} for name, _ in files]
            self._answer(json.dumps({"id": "someone/whisper", "sha": COMMIT, "siblings": siblings}).encode())
        elif self.path.startswith(f"/someone/whisper/resolve/{COMMIT}/"):
            self._answer(FILES[self.path.rpartition("/")[2]])
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def command(*arguments: str, hub: str, home: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run(
        [sys.executable, "-m", "livekit.plugins.whisper", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_fetches_a_model_and_prints_where_it_is(hub: str, tmp_path: Path) -> None:
    done = command("download", "someone/whisper", hub=hub, home=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.is_relative_to(tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_a_repository_that_is_not_there(hub: str, tmp_path: Path) -> None:
    done = command("download", "someone/else", hub=hub, home=tmp_path)
    assert done.returncode == MODEL_CANNOT_LOAD
    assert done.stdout == ""
    assert done.stderr.startswith("Whisper model someone/else could not be fetched (")
    assert done.stderr.count("\n") == 1


def test_no_network(tmp_path: Path) -> None:
    done = command("download", "base", hub="http://127.0.0.1:9", home=tmp_path)
    assert done.returncode == MODEL_CANNOT_LOAD
    assert "check the network" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_name_that_no_model_has_and_no_command(tmp_path: Path) -> None:
    done = command("download", "huge", hub="http://127.0.0.1:9", home=tmp_path)
    assert done.returncode == MODEL_CANNOT_LOAD
    assert "not a name that faster-whisper knows" in done.stderr
    assert command(hub="http://127.0.0.1:9", home=tmp_path).returncode == 2
