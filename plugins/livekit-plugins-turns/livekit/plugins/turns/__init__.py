"""When to speak, listen and fall silent, for LiveKit Agents."""

from livekit.agents import Plugin

from .asked import Asked, what_was_asked
from .log import logger
from .version import __version__
from .words import finished, load

__all__ = ["Asked", "__version__", "finished", "load", "what_was_asked"]


class TurnsPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(TurnsPlugin())
