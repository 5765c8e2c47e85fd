"""Whether what the microphone brings is the agent's own voice coming back."""

from collections import deque
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import numpy.typing as npt

from ..words.said import said
from .dips import WINDOW_S, Samples, levels_db

Levels = npt.NDArray[np.floating[Any]]

MOST_LAG_S = 0.7
"""A room's sound and both ways through a network; an echo later than that is a conversation."""

_LEAST_S, _MOST_S = 0.5, 1.0
"""How much of the microphone is compared, and how much of that has to be loud: a single word resembles any other."""
_LOUD_DB = 20.0
_SILENCE_DB = -96.0
_DEPTH_DB = 30.0
"""What lies further below the loudest is not compared: there the microphone brings its own noise."""
_LEAST_SPREAD_DB = 1.0
_LEAST_WORDS = 2
_ALIKE, _ALIKE_BY_SOUND = 0.8, 0.65


def echoes(heard: str, agent: str, *, sounds_so: bool = False) -> bool:
    """Whether the words `heard` are what the agent has just said, mistakes of recognition allowed.

    More of them where the sound is like the agent's too (`sounds_so`). Single words never are: people repeat them, and
    words of listening are dealt with elsewhere.
    """
    words, agents = said(heard), said(agent)
    if not words or not agents or len(words.words) < _LEAST_WORDS:
        return False
    ours, theirs = "".join(words.words), "".join(agents.words)
    blocks = SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    found = [block for block in blocks if block.size >= 2]
    if not found:
        return False
    spread = found[-1].a + found[-1].size - found[0].a
    return sum(block.size for block in found) / max(len(ours), spread) >= (_ALIKE_BY_SOUND if sounds_so else _ALIKE)


class Echo:
    """Compares the envelope of what is played with that of what is heard, over all lags up to `MOST_LAG_S`.

    Times are in seconds of one clock, sound is mono int16. A comparison takes some 0.1 ms.
    """

    def __init__(self) -> None:
        self._played: deque[tuple[int, float]] = deque(maxlen=round((_MOST_S + 2 * MOST_LAG_S) / WINDOW_S))
        self._heard: deque[tuple[int, float]] = deque(maxlen=round(_MOST_S / WINDOW_S))

    def played(self, at_s: float, samples: Samples, rate: int) -> None:
        """What goes out from `at_s` on, which may lie a little ahead."""
        _add(self._played, at_s, samples, rate)

    def heard(self, at_s: float, samples: Samples, rate: int) -> None:
        """What came in from `at_s` on."""
        _add(self._heard, at_s, samples, rate)

    def forget(self) -> None:
        """What is heard from now on is something new."""
        self._heard.clear()

    def likeness(self) -> float:
        """The best correlation, -1 to 1; 0 while there is too little to tell."""
        if len(self._heard) < _LEAST_S / WINDOW_S or not self._played:
            return 0.0
        places, heard = (np.array(column) for column in zip(*self._heard, strict=True))
        heard = _deep(_smooth(heard))
        if np.std(heard) < _LEAST_SPREAD_DB or np.sum(heard > heard.max() - _LOUD_DB) < _LEAST_S / WINDOW_S:
            return 0.0
        played = np.array(self._played)
        lags = np.arange(round(MOST_LAG_S / WINDOW_S) + 1)
        wanted = places[None, :].astype(np.int64) - lags[:, None]
        first = int(min(wanted.min(), played[0, 0]))
        line = np.full(int(max(wanted.max(), played[-1, 0])) - first + 1, _SILENCE_DB)
        line[played[:, 0].astype(np.int64) - first] = played[:, 1]
        shifted = _deep(_smooth(line)[wanted - first])
        heard = heard - heard.mean()
        shifted = shifted - shifted.mean(axis=1, keepdims=True)
        scale = np.linalg.norm(shifted, axis=1) * np.linalg.norm(heard)
        return float(np.max(shifted @ heard / np.maximum(scale, 1e-9)))


def _add(kept: deque[tuple[int, float]], at_s: float, samples: Samples, rate: int) -> None:
    place = round(at_s / WINDOW_S)
    if kept:
        place = max(place, kept[-1][0] + 1)
    kept.extend((place + n, float(level)) for n, level in enumerate(levels_db(samples, rate)))


def _smooth(levels: Levels) -> Levels:
    """Over three windows: the two clocks may be half a window apart."""
    return np.convolve(np.pad(levels, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")


def _deep(levels: Levels) -> Levels:
    """The upper part of every row."""
    return np.asarray(np.maximum(levels, levels.max(axis=-1, keepdims=True) - _DEPTH_DB))
