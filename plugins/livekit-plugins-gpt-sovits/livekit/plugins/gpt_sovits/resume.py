"""Going on within a sentence that broke off: the same words, said anew, without those that were heard.

The second rendering is by another replica, or another voice: its words lie a little earlier or later.
So the cut is made where it is quietest near the place where the first one broke off, between two words
or two syllables.
"""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

SEARCH_S = 0.2
"""So far before and behind the break the quietest place is looked for: about a syllable either way."""
_WINDOW_S = 0.02
_FADE_S = 0.005
_SAME = 1.5
"""Windows of less than so many times the least energy are as quiet as the quietest."""


class Resumption:
    """Takes a rendering from its beginning, gives what comes after the first `heard_s` seconds of it."""

    def __init__(self, heard_s: float, sample_rate: int) -> None:
        """`heard_s` of 0 gives everything."""
        self._heard = round(heard_s * sample_rate)
        self._search = round(SEARCH_S * sample_rate)
        self._window = max(1, round(_WINDOW_S * sample_rate))
        self._fade = round(_FADE_S * sample_rate)
        self._kept = np.zeros(0, np.int16)
        self._dropped = 0
        """Samples before those that are kept."""
        self._going = self._heard == 0

    def feed(self, pcm: bytes) -> bytes:
        """Little-endian mono int16, whole samples, in and out."""
        if self._going:
            return pcm
        self._kept = np.concatenate([self._kept, np.frombuffer(pcm, "<i2")])
        # Nothing before the place where the search begins is needed.
        needless = min(len(self._kept), max(0, self._heard - self._search - self._dropped))
        self._kept, self._dropped = self._kept[needless:], self._dropped + needless
        return self._go_on() if self._dropped + len(self._kept) >= self._heard + self._search else b""

    def finish(self) -> bytes:
        """What is left of a rendering that was shorter than expected: nothing, where all of it was heard."""
        if self._going or self._dropped + len(self._kept) <= self._heard:
            return b""
        return self._go_on()

    def _go_on(self) -> bytes:
        self._going = True
        broke_off = self._heard - self._dropped
        begin = _quietest(self._kept[: broke_off + self._search], self._window, near=broke_off)
        rest = self._kept[begin:].copy()
        fade = min(self._fade, len(rest))
        rest[:fade] = (rest[:fade] * np.linspace(0.0, 1.0, fade, endpoint=False)).astype(np.int16)
        self._kept = np.zeros(0, np.int16)
        return rest.tobytes()


def _quietest(samples: Samples, window: int, *, near: int) -> int:
    """The index of the middle of the window with the least energy; of several, of the one nearest `near`."""
    if len(samples) <= window:
        return 0
    energy = np.cumsum(np.concatenate([np.zeros(1), samples.astype(np.float64) ** 2]))
    energy = energy[window:] - energy[:-window]
    middles = np.flatnonzero(energy <= energy.min() * _SAME + window) + window // 2
    return int(middles[np.argmin(np.abs(middles - near))])
