"""Sound without a word in it, for a recogniser that must stay silent: noise, machines, people, rooms and music.

Everything is synthesised from seeded generators: the same index gives the same samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from support.recording import Samples

RATE = 16000
DURATION_S = (3.0, 20.0)
LEVELS_DB = (-50.0, -38.0, -28.0, -18.0)
"""Root mean square of a clip below full scale; speech is at about -20. Clicks stay below: no peak is cut off."""

_PEAK = 32000

_SEED = 20260

Wave = npt.NDArray[np.floating[Any]]
Rng = np.random.Generator


@dataclass(frozen=True)
class Clip:
    """Mono int16 samples at RATE, and what they are."""

    kind: str
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE


def clips(count: int = 100) -> list[Clip]:
    """The first `count` clips: all kinds in turn, each then again at another level and of another length."""
    return [clip(index) for index in range(count)]


def clip(index: int) -> Clip:
    """One clip of 3 to 20 s."""
    rng = np.random.default_rng([_SEED, index])
    kind = list(KINDS)[index % len(KINDS)]
    wave = KINDS[kind](rng, round(rng.uniform(*DURATION_S) * RATE))
    if kind == "digital silence":
        level_db = -np.inf
    elif kind == "dither":
        level_db = -90.0  # about one step of int16
    else:
        level_db = _level_db(index)
    scaled = _unit(wave) * 32768 * 10 ** (level_db / 20)
    scaled *= min(1.0, _PEAK / max(1.0, float(np.abs(scaled).max())))
    return Clip(kind, np.round(scaled).astype(np.int16))


def _level_db(index: int) -> float:
    """A kind has all levels in turn, for the kinds are odd in number."""
    return LEVELS_DB[index % len(LEVELS_DB)]


def _unit(wave: Wave) -> Wave:
    """At a root mean square of 1; silence stays silent."""
    return wave / max(float(np.sqrt(np.square(wave).mean())), 1e-9)


def _at(count: int) -> Wave:
    """The time of every sample in seconds."""
    return np.arange(count) / RATE


def _shaped(rng: Rng, count: int, gain: Callable[[Wave], Wave]) -> Wave:
    """White noise under a gain by frequency in Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(count)) * gain(np.fft.rfftfreq(count, 1 / RATE))
    return _unit(np.fft.irfft(spectrum, count))


def _band(low: float, high: float) -> Callable[[Wave], Wave]:
    """A soft band-pass, 12 dB an octave on both sides."""
    return lambda hz: 1 / (1 + (low / np.maximum(hz, 1.0)) ** 2) / (1 + (hz / high) ** 2)


def _power_law(exponent: float) -> Callable[[Wave], Wave]:
    """Power falls with frequency to this exponent, from 20 Hz on."""
    return lambda hz: np.maximum(hz, 20.0) ** (-exponent / 2)


def _struck(count: int, decay_s: float, attack_s: float = 0.002) -> Wave:
    """The envelope of something struck."""
    at = _at(count)
    return np.asarray(np.minimum(at / attack_s, 1.0) * np.exp(-at / decay_s))


def _bell(count: int) -> Wave:
    """The envelope of something that swells and fades."""
    return np.hanning(count)


def _scattered(rng: Rng, count: int, every_s: tuple[float, float], make: Callable[[], Wave]) -> Wave:
    """Sounds one after the other at irregular intervals, overlapping where they are long."""
    wave, start = np.zeros(count), int(rng.uniform(0, every_s[0]) * RATE)
    while start < count:
        piece = make()[: count - start]
        wave[start : start + len(piece)] += piece
        start += max(1, int(rng.uniform(*every_s) * RATE))
    return wave


def _tones(count: int, *frequencies: float) -> Wave:
    return np.asarray(sum(np.sin(2 * np.pi * hz * _at(count)) for hz in frequencies))


def _mains(rng: Rng, count: int) -> Wave:
    """Hum of a bad cable, of 50 or 60 Hz with overtones."""
    mains_hz = rng.choice([50.0, 60.0])
    parts = [_tones(count, mains_hz * n) * rng.uniform(0.2, 1) / n for n in range(1, 12)]
    return np.asarray(sum(parts)) + 0.02 * rng.standard_normal(count)


def _bursts(
    every_s: tuple[float, float], length_s: tuple[float, float], decay_s: float, band: tuple[float, float]
) -> Callable[[Rng, int], Wave]:
    """Struck things: bursts of filtered noise of varying strength."""

    def make(rng: Rng, count: int) -> Wave:
        def one() -> Wave:
            size = int(rng.uniform(*length_s) * RATE)
            return _shaped(rng, size, _band(*band)) * _struck(size, decay_s) * rng.uniform(0.3, 1)

        return _scattered(rng, count, every_s, one)

    return make


def _breathing(rng: Rng, count: int) -> Wave:
    def breath() -> Wave:
        size = int(rng.uniform(0.8, 1.6) * RATE)
        low = rng.choice([400.0, 700.0])  # out is lower than in
        return _shaped(rng, size, _band(low, 3 * low)) * _bell(size)

    return _scattered(rng, count, (1.2, 2.2), breath)


def _syllable(rng: Rng, pitch_hz: float) -> Wave:
    """A vowel-like buzz or a hiss under two random formants: the rhythm and colour of speech, and no phoneme of it."""
    size = int(rng.uniform(0.08, 0.28) * RATE)
    buzz = np.cumsum(pitch_hz * (1 + 0.15 * np.sin(np.pi * _at(size) * RATE / size)) / RATE) % 1.0 - 0.5
    source = buzz if rng.random() < 0.75 else 0.3 * rng.standard_normal(size)
    hz = np.fft.rfftfreq(size, 1 / RATE)
    formants = rng.uniform([250, 800], [850, 2600])
    gain = sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in formants)
    return np.fft.irfft(np.fft.rfft(source) * gain, size) * _bell(size)


def _humming(rng: Rng, count: int) -> Wave:
    """Somebody hums a tune with the lips closed: a voice's buzz, of which little is left above 300 Hz."""

    def note() -> Wave:
        size, hz = int(rng.uniform(0.3, 0.9) * RATE), 130.0 * 2 ** (int(rng.choice([0, 2, 4, 5, 7, 9])) / 12)
        vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * _at(size))
        buzz = np.fft.rfft(np.cumsum(hz * vibrato / RATE) % 1.0 - 0.5)
        return np.fft.irfft(buzz * _band(80, 300)(np.fft.rfftfreq(size, 1 / RATE)), size) * _bell(size)

    return _scattered(rng, count, (0.3, 0.7), note)


def _babble(rng: Rng, count: int) -> Wave:
    """A room of four to twelve voices at once."""
    voices = [
        _scattered(rng, count, (0.1, 0.4), lambda pitch=pitch: _syllable(rng, pitch))  # type: ignore[misc]
        for pitch in rng.uniform(85, 240, rng.integers(4, 13))
    ]
    return _unit(np.asarray(sum(voices)))


def _gated(rng: Rng, count: int, on_s: float, off_s: float, make: Callable[[int], Wave]) -> Wave:
    """A sound on and off in turn, without clicks."""
    size = int(on_s * RATE)
    edge = np.minimum(1.0, np.minimum(_at(size), _at(size)[::-1]) / 0.005)
    return _scattered(rng, count, (on_s + off_s, on_s + off_s), lambda: make(size) * edge)


def _sweeps(rng: Rng, count: int) -> Wave:
    low, high, period_s = rng.uniform(80, 400), rng.uniform(1500, 6000), rng.uniform(1, 4)
    frequency = low * (high / low) ** (0.5 - 0.5 * np.cos(2 * np.pi * _at(count) / period_s))
    return np.sin(2 * np.pi * np.cumsum(frequency) / RATE)


def _dtmf(rng: Rng, count: int) -> Wave:
    """Keys of a telephone, ITU-T Q.23."""
    rows, columns = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)
    return _gated(rng, count, 0.12, 0.1, lambda size: _tones(size, rng.choice(rows), rng.choice(columns)))


def _note(rng: Rng, semitone: int, length_s: float) -> Wave:
    """Above A2, with overtones, struck."""
    size, hz = int(length_s * RATE), 110.0 * 2 ** (semitone / 12)
    parts = [_tones(size, hz * n) * rng.uniform(0.3, 1) / n**1.5 for n in range(1, 7)]
    return np.asarray(sum(parts)) * _struck(size, length_s / 3, 0.01)


_CHORDS: Sequence[tuple[int, ...]] = ((0, 4, 7, 12), (5, 9, 12, 17), (7, 11, 14, 19), (9, 12, 16, 21))


def _chords(rng: Rng, count: int) -> Wave:
    def chord() -> Wave:
        chosen = _CHORDS[int(rng.integers(len(_CHORDS)))]
        return np.asarray(sum([_note(rng, semitone, 1.6) for semitone in chosen]))

    return _scattered(rng, count, (0.8, 1.2), chord)


def _arpeggio(rng: Rng, count: int) -> Wave:
    return _scattered(rng, count, (0.18, 0.18), lambda: _note(rng, 12 + int(rng.choice(_CHORDS[0])), 0.5))


def _drums(rng: Rng, count: int) -> Wave:
    def kick() -> Wave:
        size = int(0.25 * RATE)
        return np.sin(2 * np.pi * np.cumsum(50 + 100 * np.exp(-_at(size) / 0.03)) / RATE) * _struck(size, 0.08) * 3

    snare = _bursts((1.0, 1.0), (0.2, 0.2), 0.06, (500, 5000))
    hat = _bursts((0.25, 0.25), (0.08, 0.08), 0.02, (5000, 7900))
    return _scattered(rng, count, (0.5, 0.5), kick) + snare(rng, count) + 0.4 * hat(rng, count)


def _music(rng: Rng, count: int) -> Wave:
    return np.asarray(_unit(_chords(rng, count)) + 0.6 * _unit(_arpeggio(rng, count)) + 0.6 * _unit(_drums(rng, count)))


def _gusts(rng: Rng, count: int) -> Wave:
    """Wind: low noise that swells over seconds."""
    seconds = int(count / RATE) + 2
    swell = np.interp(_at(count), np.arange(seconds), rng.uniform(0.1, 1, seconds))
    return _shaped(rng, count, _band(60, 500)) * swell


def _rain(rng: Rng, count: int) -> Wave:
    drops = _bursts((0.005, 0.06), (0.02, 0.02), 0.004, (1500, 6000))(rng, count)
    return _shaped(rng, count, _band(800, 6000)) * 0.3 + drops


def _television(rng: Rng, count: int) -> Wave:
    """Music, a crowd of voices and noise, through a small loudspeaker in the next room."""
    mixed = _unit(_music(rng, count)) + rng.uniform(0.5, 1.2) * _babble(rng, count) + 0.1 * rng.standard_normal(count)
    return np.fft.irfft(np.fft.rfft(mixed) * _band(250, 2500)(np.fft.rfftfreq(count, 1 / RATE)), count)


KINDS: dict[str, Callable[[Rng, int], Wave]] = {
    "white noise": lambda rng, count: rng.standard_normal(count),
    "pink noise": lambda rng, count: _shaped(rng, count, _power_law(1)),
    "brown noise": lambda rng, count: _shaped(rng, count, _power_law(2)),
    "mains hum": _mains,
    "humming": _humming,
    "clicks": _bursts((0.2, 1.0), (0.01, 0.02), 0.002, (1000, 7000)),
    "keyboard": _bursts((0.06, 0.3), (0.03, 0.06), 0.012, (600, 4000)),
    "breathing": _breathing,
    "coughs": _bursts((0.4, 3.0), (0.2, 0.4), 0.09, (300, 2500)),
    "babble": _babble,
    "digital silence": lambda rng, count: np.zeros(count),
    "dither": lambda rng, count: rng.standard_normal(count),
    "tone": lambda rng, count: _tones(count, rng.uniform(200, 3000)),
    "beeps": lambda rng, count: _gated(rng, count, 0.2, 0.4, lambda size: _tones(size, 1000.0)),
    "sweeps": _sweeps,
    "telephone keys": _dtmf,
    "ringing": lambda rng, count: _gated(rng, count, 1.0, 1.5, lambda size: _tones(size, 440.0, 480.0)),
    "chords": _chords,
    "arpeggio": _arpeggio,
    "drums": _drums,
    "rain": _rain,
    "wind": _gusts,
    "doors": _bursts((1.5, 4.0), (0.5, 0.8), 0.12, (40, 400)),
    "applause": _bursts((0.002, 0.02), (0.02, 0.04), 0.008, (800, 3000)),
    "television": _television,
}
"""What there is, by name: samples of any level, from a generator and a count."""
