"""When each strategy calls a turn, from the evidence at a pause: pure functions of times and probabilities.

All times are in seconds after the last speech as the VAD counts it. A strategy may decide sooner, but no turn is called
before its words are there, for there would be nothing to answer.
"""

from collections.abc import Callable

from bench.turns.evidence import Pause
from livekit.plugins.turns.ending.fusion import fused
from livekit.plugins.turns.ending.pace import Pace
from livekit.plugins.turns.ending.stream import SILENCE_S
from livekit.plugins.turns.ending.wait import Costs, wait_s

Strategy = Callable[[Pause, Pace], float]
"""When it calls the turn in this pause, if nobody speaks again before. The pace is what ours has learnt so far."""

LIVEKIT_THRESHOLD = {"en": 0.36, "ko": 0.40}
LIVEKIT_MIN_S, LIVEKIT_MAX_S = 0.3, 2.5
"""`LOCAL_LANGUAGES` and the endpointing that LiveKit takes with its audio detector."""
SMART_THRESHOLD = 0.5
SMART_STOP_S = 3.0
"""`STOP_SECS`."""
_SMART_STOPPED_S = 0.2
"""Pipecat counts `stop_secs` from when its VAD has told the end of speech."""


def fixed(wait: float) -> Strategy:
    """A wait after the last speech, whatever was said; not before the VAD's end of speech."""
    return lambda pause, pace: max(wait, pause.ended_s, pause.words_s)


def livekit(threshold: float, *, min_s: float = LIVEKIT_MIN_S, max_s: float = LIVEKIT_MAX_S) -> Strategy:
    """LiveKit's endpointing: the longer delay where the audio model is below its threshold."""

    def called_s(pause: Pause, pace: Pace) -> float:
        delay_s = max_s if pause.audio < threshold else min_s
        return max(delay_s, pause.ended_s, pause.audio_s, pause.words_s)

    return called_s


def smart_turn(threshold: float = SMART_THRESHOLD, *, stop_s: float = SMART_STOP_S) -> Strategy:
    """Pipecat's turn analyser: at once where the model says complete, else after `stop_s` of silence."""

    def called_s(pause: Pause, pace: Pace) -> float:
        return max(pause.smart_s if pause.smart > threshold else _SMART_STOPPED_S + stop_s, pause.words_s)

    return called_s


def ours(costs: Costs) -> Strategy:
    """The turns plugin, as its stream does it: judged when the audio model has answered, and again with all words."""

    def called_s(pause: Pause, pace: Pace) -> float:
        spoke_s = pause.ended_s - SILENCE_S
        due_s = max(spoke_s + decided_s(pause, pace, costs, settled=pause.words_s <= pause.audio_s), pause.audio_s)
        if due_s > pause.words_s > pause.audio_s:
            due_s = max(spoke_s + decided_s(pause, pace, costs, settled=True), pause.words_s)
        return max(due_s, pause.words_s)

    return called_s


def decided_s(pause: Pause, pace: Pace, costs: Costs, *, settled: bool) -> float:
    """The wait that is decided on with all words, or with those of the last interim."""
    words = pause.words if settled else pause.interim
    return wait_s(fused(pause.audio, words, settled=settled, length=pause.length), pace, costs)
