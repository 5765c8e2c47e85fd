"""Where in speech a word begins, by its energy."""

from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

MOST_BACK_S = 0.6
"""A word of four or five syllables; what lies further back was heard and is not said again."""

_LEAST_BACK_S = 0.06
"""A dip nearer than that is the edge at which the sound was cut off, not a word's beginning."""
WINDOW_S = 0.01
"""Levels are taken over so much sound."""
_QUIET_DB = 20.0
"""So far below the loud parts a window is a gap between words or the closure of a stop."""


def back_to_a_word(samples: Samples, rate: int, *, most_s: float = MOST_BACK_S) -> int:
    """How many samples before the end of mono `samples` the word at that end begins.

    The end of the last quiet stretch within `most_s`; where there is none, the quietest place. 0 where the end itself
    is quiet, or nothing came before it.
    """
    levels = levels_db(samples, rate)
    if not len(levels):
        return 0
    loud = float(np.percentile(levels, 90))
    window = round(rate * WINDOW_S)
    recent = levels[-round(most_s / WINDOW_S) :]
    quiet = recent < loud - _QUIET_DB
    if quiet[-1]:
        return 0
    least = round(_LEAST_BACK_S / WINDOW_S)
    candidates = recent[: max(1, len(recent) - least)]
    quiet_places = np.flatnonzero(quiet[: len(candidates)])
    place = int(quiet_places[-1]) if len(quiet_places) else int(np.argmin(candidates))
    return min(len(samples), (len(recent) - place) * window)


def levels_db(samples: Samples, rate: int) -> npt.NDArray[np.floating[Any]]:
    """Levels of the whole windows of 10 ms in mono `samples`, in dB of full scale; -96 at the least."""
    window = round(rate * WINDOW_S)
    whole = samples[len(samples) % window :].astype(np.float64).reshape(-1, window)
    power = np.square(whole / 32768).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 10**-9.6)))
