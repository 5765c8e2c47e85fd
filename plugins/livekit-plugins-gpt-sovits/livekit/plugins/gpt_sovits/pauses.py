"""The silence between clauses is the intended one, whatever silence the server puts around each."""

import numpy as np

SILENCE_PEAK = 164
"""Samples below this, -46 dB of full scale, are silence. Synthesized speech peaks at -3 to -6 dB and its weakest
consonants, [f] and [h], some 30 dB lower; the noise of a quiet recording, which the model imitates, peaks at -51 dB."""
LEAD_S = 0.02
"""Kept before the first sound, for the onset that is weaker than that; it adds to the pause, so it is short."""
HELD_S = 1.0
"""Silence beyond this is dropped within a clause too: no speaker makes it, and what is held back stays bounded."""


class PauseShaper:
    """The sound of one clause: mono int16, little-endian, in pieces of any number of whole samples.

    Speech is given on at once. Silence behind it is held back until more speech comes; at the end it is dropped. Before
    the first sound only `LEAD_S` of silence is kept, save in a reply's first clause, which is given on as it comes.
    """

    def __init__(self, sample_rate: int, *, first: bool) -> None:
        """`first`: of its reply."""
        self._sample_rate = sample_rate
        self._first = first
        self._sounded = False
        self._held = b""  # the silence at the end of what has come

    def feed(self, pcm: bytes) -> bytes:
        """What can be played now; maybe nothing.

        Raises ValueError if `pcm` ends within a sample.
        """
        samples = np.frombuffer(pcm, "<i2")
        loud = np.flatnonzero((samples >= SILENCE_PEAK) | (samples <= -SILENCE_PEAK))
        if not len(loud):
            if self._first and not self._sounded:
                return pcm
            self._hold(pcm)
            return b""
        # Runs of sound: each ends where silence longer than may be held begins.
        ends = np.flatnonzero(np.diff(loud) > self._samples(HELD_S) + 1)
        runs = np.split(loud, ends + 1)
        given = b""
        at = 0
        for run in runs:
            start, end = 2 * int(run[0]), 2 * int(run[-1]) + 2
            if self._first and not self._sounded:
                given += pcm[at:start]
            else:
                self._hold(pcm[at:start])
            given += self._held + pcm[start:end]
            self._sounded, self._held, at = True, b"", end
        self._hold(pcm[at:])
        return given

    def _hold(self, silence: bytes) -> None:
        """Behind sound the beginning of silence is kept, before it the end."""
        if self._sounded:
            self._held = (self._held + silence)[: 2 * self._samples(HELD_S)]
        else:
            self._held = (self._held + silence)[-2 * self._samples(LEAD_S) :]

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._sample_rate)
