"""Quiet, structured logs that hold nothing anyone said.

Speech reaches the log only in fields, which are redacted unless LOG_SPEECH says otherwise. The
framework marks such fields with the prefix `lk.pii.`; where it puts speech into an error's message
instead, the message is cut.
"""

import json
import logging
import re
import sys
from typing import Any, TextIO

from livekit.agents.cli.log import JsonFormatter

from malbeot.errors import without_passwords
from malbeot.settings import Settings

SPEECH_FIELD = "lk.pii."
"""Fields whose names begin so hold speech. Ours do too."""
_REDACTED = "[redacted]"
# livekit-agents 1.8 ends these messages with the words that were to be spoken.
_SPOKEN_IN_MESSAGE = re.compile(r"(no audio frames were pushed for text:).*", re.DOTALL)
# What LiveKit's SDK and livekit-agents 1.8 say of streams that nobody takes, and of one that is too long (`room.py`).
_NOT_OURS = ("ignoring text stream with topic", "ignoring byte stream with topic")
_UNREAD, _REFUSED = "failed to handle chat text stream", "exceeds maximum size"
_NOISY = (
    "httpx",
    "httpx2",
    "httpcore",
    "openai",
    "sse_starlette",
    "urllib3",
    "botocore",
    "aiobotocore",
    "watchfiles",
    "asyncio",
    "faster_whisper",
)
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redact(logging.Filter):
    """Takes speech out of records: fields by their prefix, messages by the known patterns."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in list(vars(record)):
            if name.startswith(SPEECH_FIELD):
                setattr(record, name, _REDACTED)
        message = without_passwords(record.getMessage())
        record.msg, record.args = _SPOKEN_IN_MESSAGE.sub(rf"\1 {_REDACTED}", message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _SPOKEN_IN_MESSAGE.sub(rf"\1 {_REDACTED}", record.exc_text)
            record.exc_info = None
        return True


class QuietTransport(logging.Filter):
    """Leaves out what LiveKit's transport library tells of itself, which goes on at length at every hang-up."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name != "livekit" or record.levelno >= logging.ERROR


class QuietRoom(logging.Filter):
    """Leaves out what LiveKit says of data streams that are not for us: whoever is in a room writes their topics."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.name == "root" and message.startswith(_NOT_OURS):
            return False
        if record.name == "livekit.agents" and message.startswith(_UNREAD):
            # Records of call processes come with their traceback as text.
            return _REFUSED not in (str(record.exc_info[1]) if record.exc_info else record.exc_text or message)
        return True


class TextFormatter(logging.Formatter):
    """`12:00:00 INFO malbeot.worker: registered {"url": "ws://…"}`: one line a record, fields as JSON."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {k: v for k, v in vars(record).items() if k not in _STANDARD_FIELDS and k[0] != "_"}
        line = super().formatMessage(record)
        return f"{line} {json.dumps(fields, ensure_ascii=False, default=str)}" if fields else line


def setup(settings: Settings, *, stream: TextIO = sys.stderr) -> None:
    """Points the root logger at `stream`. Call processes send their records here through the worker."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    if not settings.log_speech:
        handler.addFilter(Redact())
    if settings.log_level != "DEBUG":
        handler.addFilter(QuietTransport())
        handler.addFilter(QuietRoom())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
