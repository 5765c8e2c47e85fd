"""GPT-SoVITS speech synthesis for LiveKit Agents.

Speaks through the HTTP interface of GPT-SoVITS' `api_v2.py` (https://github.com/RVC-Boss/GPT-SoVITS), or of any server
that offers the same.
"""

from livekit.agents import Plugin

from .log import logger
from .pool import Pool
from .spoken import spoken
from .status import ReplicaStatus
from .stream import ChunkedStream, SynthesizeStream
from .tts import TTS
from .version import __version__
from .voice import Voice

__all__ = [
    "TTS",
    "ChunkedStream",
    "Pool",
    "ReplicaStatus",
    "SynthesizeStream",
    "Voice",
    "__version__",
    "spoken",
]


class GPTSoVITSPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(GPTSoVITSPlugin())
