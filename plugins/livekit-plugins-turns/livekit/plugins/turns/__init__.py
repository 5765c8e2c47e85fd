"""When to speak, listen and fall silent, for LiveKit Agents."""

from livekit.agents import Plugin

from .company.aside import Aside
from .company.asking import Asking
from .company.bell import Bell
from .company.nodding import Foresight, Nodding
from .company.saying import SAYING_S, over_within
from .company.silence import Schedule
from .company.thinking import Thinking
from .ending.decision import Decision
from .ending.detector import TurnDetector
from .ending.pace import Pace
from .ending.stream import TurnDetectorStream
from .ending.wait import LONGEST_S, SHORTEST_S, Costs, wait_s
from .log import logger
from .overlap.barge_in import BargeIn, interruption_options
from .speculation.early import EarlyAnswers, preemptive_options
from .speculation.speculation import Limits, Speculation
from .version import __version__
from .words import finished, load, loaded
from .words.asked import Asked, what_was_asked

__all__ = [
    "LONGEST_S",
    "SAYING_S",
    "SHORTEST_S",
    "Aside",
    "Asked",
    "Asking",
    "BargeIn",
    "Bell",
    "Costs",
    "Decision",
    "EarlyAnswers",
    "Foresight",
    "Limits",
    "Nodding",
    "Pace",
    "Schedule",
    "Speculation",
    "Thinking",
    "TurnDetector",
    "TurnDetectorStream",
    "__version__",
    "finished",
    "interruption_options",
    "load",
    "loaded",
    "over_within",
    "preemptive_options",
    "wait_s",
    "what_was_asked",
]


class TurnsPlugin(Plugin):
    def __init__(self) -> None:
        super().__init__(__name__, __version__, __package__ or __name__, logger)


Plugin.register_plugin(TurnsPlugin())
