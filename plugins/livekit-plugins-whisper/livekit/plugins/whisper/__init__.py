"""Streaming Whisper speech recognition for LiveKit Agents, one model for all calls of a machine.

    whisper.prewarm("base")                          # once per process, before a call comes; may be left out
    stt = whisper.STT(model="base", language="ko")   # once per call

Errors: `EngineError`, of which `ModelError` is one, says in one line what is wrong and what mends it.
"""

from livekit.agents import Plugin

from .address import Address
from .download import download
from .errors import EngineError, ModelError
from .finding import prewarm
from .launching import ENGINE_ENVIRONMENT
from .locate import locate
from .log import logger
from .stream import RecognizeStream
from .stt import STT
from .version import __version__

__all__ = [
    "ENGINE_ENVIRONMENT",
    "STT",
    "Address",
    "EngineError",
    "ModelError",
    "RecognizeStream",
    "__version__",
    "download",
    "locate",
    "prewarm",
]


class WhisperPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(WhisperPlugin())
