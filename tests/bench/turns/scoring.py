"""Cut-ins against waits: what a strategy makes of all turns, and which strategy is best at a share of cut-ins."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.report import percentile
from bench.turns.evidence import Heard, Pause
from bench.turns.strategies import Strategy
from livekit.plugins.turns.ending.pace import Pace
from livekit.plugins.turns.ending.speaker import Speaker
from livekit.plugins.turns.ending.wait import LONGEST_S, SHORTEST_S, Costs


@dataclass(frozen=True)
class Point:
    """One strategy with one setting.

    cut_in: share of the turns that were called in a pause within them. median_s, p95_s: from the true last speech
    sample until the turn is called, of all turns, those that were cut into before included.
    """

    name: str
    cut_in: float
    median_s: float
    p95_s: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def score(name: str, turns: Sequence[Heard], strategy: Strategy) -> Point:
    """The turns are one person's, in this order: what a strategy learns of their pace it knows in the turns after.

    It learns as in a call: who goes on more than 1 s after a cut-in has let the agent speak, and teaches nothing.
    """
    speaker = Speaker(language="en", pace=Pace(), costs=Costs(), shortest_s=SHORTEST_S, longest_s=LONGEST_S)
    cut, waits = 0, []
    for turn in turns:
        *within, last = turn.pauses
        was_cut = False
        for pause in within:
            assert pause.resumed_s is not None
            called_s = strategy(pause, speaker.pace)
            was_cut = was_cut or called_s < pause.resumed_s
            _learn(speaker, pause, called_s, pause.resumed_s)
        speaker.heard.over()
        waits.append(strategy(last, speaker.pace) + last.late_s)
        cut += was_cut
    median_s, p95_s = percentile(waits, 0.5), percentile(waits, 0.95)
    assert median_s is not None
    assert p95_s is not None
    return Point(name, cut / len(turns), median_s, p95_s)


def _learn(speaker: Speaker, pause: Pause, called_s: float, resumed_s: float) -> None:
    """An answer, begun before its turn was called, is heard with that call, and whoever goes on interrupts it."""
    speaker.heard.hear(pause.text, settled=True)
    if called_s >= resumed_s:
        speaker.went_on(resumed_s, within_s=called_s)
        return
    speaker.over(agent_heard_at=called_s)
    speaker.was_cut_off(resumed_s, at=resumed_s)
    speaker.interrupted()


def best(points: Iterable[Point], cut_in: float) -> Point | None:
    """The one with the lowest median among those with no more cut-ins; None where all have more."""
    return min((point for point in points if point.cut_in <= cut_in), key=lambda point: point.median_s, default=None)


def frontier(points: Iterable[Point]) -> list[Point]:
    """Those that no other beats in both, by rising cut-ins."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cut_in, one.median_s)):
        if not kept or point.median_s < kept[-1].median_s:
            kept.append(point)
    return kept
