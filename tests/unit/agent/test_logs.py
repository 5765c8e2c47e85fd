"""No word of a caller's in a log."""

import io
import json
import logging
import sys
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


def test_json_is_one_object_a_line() -> None:
    lines = logged(speech=False, log_format="json").splitlines()
    assert [json.loads(line)["level"] for line in lines] == ["INFO", "WARNING", "ERROR"]


def goodbye(*, reason: str, from_a_call: bool, level: str = "INFO") -> str:
    """What is logged of an event that livekit-agents could not send; call processes send records with text alone."""
    stream = io.StringIO()
    setup(Settings(_env_file=None, log_level=level), stream=stream)
    log = logging.getLogger("livekit.agents")
    try:
        raise RuntimeError(reason)
    except RuntimeError:
        raised = sys.exc_info()
    record = log.makeRecord(log.name, logging.WARNING, __file__, 1, "failed to send session event", (), raised)
    if from_a_call:
        record.msg = logging.Formatter().format(record)
        record.exc_info = None
    log.handle(record)
    return stream.getvalue()


@pytest.mark.parametrize("from_a_call", [True, False])
def test_events_that_nobody_is_left_to_be_told_of_are_no_errors(from_a_call: bool) -> None:
    assert goodbye(reason="room session transport is closed", from_a_call=from_a_call) == ""
    assert "failed to send" in goodbye(reason="the network is down", from_a_call=from_a_call)
    debugging = goodbye(reason="room session transport is closed", from_a_call=from_a_call, level="DEBUG")
    assert "transport is closed" in debugging


def test_whatever_else_tells_of_a_closed_transport_is_logged() -> None:
    stream = io.StringIO()
    setup(Settings(_env_file=None), stream=stream)
    try:
        raise RuntimeError("room session transport is closed")
    except RuntimeError:
        logging.getLogger("livekit.agents").exception("Error in _write_loop")
    assert "transport is closed" in stream.getvalue()
