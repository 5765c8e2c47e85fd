"""When to speak, listen and fall silent, for LiveKit Agents."""

from livekit.agents import Plugin

from .asked import Asked, what_was_asked
from .barge_in import BargeIn, interruption_options
from .decision import Decision
from .detector import TurnDetector
from .early import EarlyAnswers
from .log import logger
from .pace import Pace
from .speculation import Limits, Speculation
from .stream import TurnDetectorStream
from .version import __version__
from .wait import LONGEST_S, SHORTEST_S, Costs, wait_s
from .words import finished, load, loaded

__all__ = [
    "LONGEST_S",
    "SHORTEST_S",
    "Asked",
    "BargeIn",
    "Costs",
    "Decision",
    "EarlyAnswers",
    "Limits",
    "Pace",
    "Speculation",
    "TurnDetector",
    "TurnDetectorStream",
    "__version__",
    "finished",
    "interruption_options",
    "load",
    "loaded",
    "wait_s",
    "what_was_asked",
]


class TurnsPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(TurnsPlugin())
