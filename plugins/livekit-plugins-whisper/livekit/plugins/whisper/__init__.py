"""Local Whisper speech recognition for LiveKit Agents, by faster-whisper.

    ears = whisper.load("base")                      # once per process
    stt = whisper.STT(model=ears, language="ko")     # once per call

Errors: `ModelError`, when a model cannot be loaded, says where, why and what mends it.
"""

from livekit.agents import Plugin

from .download import download
from .errors import ModelError
from .loading import load
from .locate import locate
from .log import logger
from .model import Model
from .stt import STT
from .transcript import Transcript
from .version import __version__

__all__ = ["STT", "Model", "ModelError", "Transcript", "__version__", "download", "load", "locate"]


class WhisperPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(WhisperPlugin())
