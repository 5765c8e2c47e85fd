"""No word of a caller's in a log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from malbeot.logs import setup
from malbeot.settings import Settings


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(*, speech: bool, log_format: str) -> str:
    stream = io.StringIO()
    setup(Settings(_env_file=None, log_speech=speech, log_format=log_format), stream=stream)
    log = logging.getLogger("malbeot.test")
    log.info("heard something", extra={"lk.pii.user_transcript": "my secret", "room": "call-1"})
    log.warning("failed: %s", RuntimeError("no audio frames were pushed for text: my secret"))
    try:
        raise ValueError("no audio frames were pushed for text: my secret")
    except ValueError:
        log.exception("it broke")
    return stream.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_speech_is_redacted_by_default(log_format: str) -> None:
    text = logged(speech=False, log_format=log_format)
    assert "my secret" not in text
    assert text.count("[redacted]") == 3
    assert "call-1" in text
    assert "Traceback" in text


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_speech_is_logged_where_the_operator_says_so(log_format: str) -> None:
    assert logged(speech=True, log_format=log_format).count("my secret") >= 3


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_whoever_is_in_a_room_writes_nothing_into_the_log(level: str) -> None:
    stream = io.StringIO()
    setup(Settings(_env_file=None, log_level=level), stream=stream)
    logging.info("ignoring text stream with topic '%s', no callback attached", "x\n12:00:00 ERROR forged")
    for reason in ("stream payload exceeds maximum size", "a mistake of ours"):
        try:
            raise RuntimeError(reason)
        except RuntimeError:
            logging.getLogger("livekit.agents").warning("failed to handle chat text stream", exc_info=True)
    text = stream.getvalue()
    assert "a mistake of ours" in text
    assert ("forged" in text, "exceeds" in text) == ((False, False) if level == "INFO" else (True, True))


def test_json_is_one_object_a_line() -> None:
    lines = logged(speech=False, log_format="json").splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["INFO", "WARNING", "ERROR"]
