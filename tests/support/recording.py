"""What a caller heard: samples with the moments at which they came, and where in them there is voice."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

WINDOW_S = 0.010
"""Voice is looked for in windows of this length: the resolution of every time below."""

VOICE_RMS = 100.0
"""A window at or above this root mean square (int16, so -50 dBFS) is loud. Between words a synthetic
voice falls to 5, an Opus line without speech carries 0 to 2, and speech itself is at 500 to 5000."""

_LOUD_WINDOWS = 2
"""So many loud windows in a row are voice; a single one is a click."""


def loud_windows(samples: Samples, rate: int) -> npt.NDArray[np.bool_]:
    """Which of the whole windows in mono `samples`, from the first sample on, are loud."""
    size = round(rate * WINDOW_S)
    count = len(samples) // size
    windows = samples[: count * size].astype(np.float64).reshape(count, size)
    return np.asarray(np.sqrt(np.square(windows).mean(axis=1)) >= VOICE_RMS)


def end_of_speech(samples: Samples, rate: int) -> int:
    """The number of samples up to the end of the last loud window: what follows is trailing silence.

    Raises `ValueError` for samples that hold no speech.
    """
    loud = np.flatnonzero(loud_windows(samples, rate))
    if not len(loud):
        raise ValueError("there is no speech in these samples")
    return int((loud[-1] + 1) * round(rate * WINDOW_S))


class Recording:
    """Mono int16 at `rate`, in windows of 10 ms, each with its arrival in `time.monotonic` seconds.

    A window is dated by the arrival of its last sample, which is when a caller's ear has it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._size = round(rate * WINDOW_S)
        self._rest: Samples = np.zeros(0, np.int16)
        self._windows: list[Samples] = []
        self._arrivals: list[float] = []
        self._voiced: list[bool] = []
        self._loud_in_a_row = 0

    def add(self, samples: Samples, at: float) -> None:
        """Appends samples of any number that arrived together at `at`, not before those already there."""
        samples = np.concatenate([self._rest, samples])
        loud = loud_windows(samples, self.rate)
        for index, is_loud in enumerate(loud):
            self._windows.append(samples[index * self._size : (index + 1) * self._size])
            self._arrivals.append(at)
            self._loud_in_a_row = self._loud_in_a_row + 1 if is_loud else 0
            self._voiced.append(self._loud_in_a_row >= _LOUD_WINDOWS)
            if self._loud_in_a_row == _LOUD_WINDOWS:
                self._voiced[-_LOUD_WINDOWS:] = [True] * _LOUD_WINDOWS
        self._rest = samples[len(loud) * self._size :]

    @property
    def duration_s(self) -> float:
        """How much was heard, silence included."""
        return len(self._windows) * WINDOW_S

    @property
    def last_voice(self) -> float | None:
        """When voice was heard last; None where none was."""
        return next((at for at, voiced in self._backwards() if voiced), None)

    def first_voice_after(self, time: float) -> float | None:
        """When voice was first heard at or after `time`, even voice that was there before; None where there is none."""
        found = None
        for at, voiced in self._backwards():
            if at < time:
                break
            if voiced:
                found = at
        return found

    def silent_since(self, time: float) -> float:
        """From when on nothing but silence has been heard, `time` at the earliest; while there is voice, the latest."""
        last = self.last_voice
        return time if last is None else max(last, time)

    def samples(self, from_time: float, to_time: float) -> Samples:
        """What arrived from `from_time` until before `to_time`."""
        heard = zip(self._windows, self._arrivals, strict=True)
        kept = [window for window, at in heard if from_time <= at < to_time]
        return np.concatenate(kept) if kept else np.zeros(0, np.int16)

    def _backwards(self) -> Iterator[tuple[float, bool]]:
        return zip(reversed(self._arrivals), reversed(self._voiced), strict=True)
