"""Coughs, laughter, dogs, a television in the room and the agent's own echo, synthesised."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bench.ears.sound import RATE, at_16k, trimmed
from support.recording import Samples
from support.speech import english, korean

_SEED = 71
Wave = npt.NDArray[np.float64]

_NEWS = (
    ("en", "Good evening, here is the news. The government has announced new measures today."),
    ("ko", "안녕하십니까, 저녁 뉴스를 전해 드리겠습니다. 오늘 전국에 비가 내렸습니다."),
    ("en", "And now the weather, with rain in the north and sunshine along the coast."),
    ("ko", "다음은 날씨입니다. 내일은 전국이 맑겠습니다."),
    ("en", "Welcome back to the show, and please give a big hand to our next guest."),
)


def all_of_them() -> list[tuple[str, Samples]]:
    """24: 5 coughs, 5 times laughter, 5 dogs, 5 televisions, and 4 echoes, whose sound is made in the call."""
    rng = np.random.default_rng(_SEED)
    made = [("cough", _level(_cough(rng), -21)) for _ in range(5)]
    made += [("laugh", _level(_laugh(rng), -23)) for _ in range(5)]
    made += [("dog", _level(_dog(rng), -24)) for _ in range(5)]
    made += [("television", _television(text, language)) for language, text in _NEWS]
    made += [("echo", np.zeros(0, np.int16)) for _ in range(4)]
    return made


def _television(text: str, language: str) -> Samples:
    """Speech in the next room: 18 dB below the caller's, dull, with the room's sound on it."""
    speech = trimmed(at_16k((english if language == "en" else korean)(text))).astype(float)
    rng = np.random.default_rng(len(text))
    size = int(0.25 * RATE)
    room = rng.standard_normal(size) * np.exp(-np.arange(size) / (0.06 * RATE))
    room[0] = 4.0
    spectrum = np.fft.rfft(np.convolve(speech, room))
    hz = np.fft.rfftfreq(len(speech) + size - 1, 1 / RATE)
    return _level(np.fft.irfft(spectrum / (1 + (hz / 2500) ** 2), len(hz) * 2 - 2), -39)


def _level(wave: Wave, level_db: float) -> Samples:
    wave = wave * (32768 * 10 ** (level_db / 20) / max(float(np.sqrt(np.square(wave).mean())), 1e-9))
    return (wave * min(1.0, 32000 / max(1.0, float(np.abs(wave).max())))).astype(np.int16)


def _band(rng: np.random.Generator, count: int, low: float, high: float) -> Wave:
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    return np.asarray(np.fft.irfft(spectrum / (1 + (low / np.maximum(hz, 1)) ** 2) / (1 + (hz / high) ** 2), count))


def _voice(rng: np.random.Generator, count: int, pitch_hz: Wave, formants: tuple[float, ...]) -> Wave:
    """A buzz of this pitch through resonances, with some breath."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE
    buzz = sum(np.sin(phase * n) / n for n in range(1, 25)) + 0.3 * rng.standard_normal(count)
    spectrum = np.fft.rfft(buzz)
    hz = np.fft.rfftfreq(count, 1 / RATE)
    gain = sum(1 / (1 + ((hz - formant) / 120) ** 2) for formant in formants)
    return np.asarray(np.fft.irfft(spectrum * gain, count))


def _cough(rng: np.random.Generator) -> Wave:
    """An explosion, breath, and a short voiced end; once to three times."""

    def one() -> Iterator[Wave]:
        burst, breath, end = (int(rng.uniform(*span) * RATE) for span in ((0.03, 0.06), (0.08, 0.16), (0.06, 0.12)))
        yield _band(rng, burst, 300, 4000) * np.hanning(burst) * 3
        yield _band(rng, breath, 400, 2500) * np.exp(-np.arange(breath) / (0.08 * RATE))
        yield _voice(rng, end, np.full(end, rng.uniform(110, 180)), (600.0, 1200.0)) * np.hanning(end) * 0.4
        yield np.zeros(int(rng.uniform(0.08, 0.25) * RATE))

    return np.concatenate([part for _ in range(rng.integers(1, 4)) for part in one()])


def _laugh(rng: np.random.Generator) -> Wave:
    """Four to eight puffs of voice, five a second, falling in pitch and strength."""
    parts, pitch_hz = [], rng.uniform(170, 320)
    for n in range(rng.integers(4, 9)):
        breath, voiced = int(0.05 * RATE), int(rng.uniform(0.07, 0.11) * RATE)
        parts.append(_band(rng, breath, 500, 3000) * 0.3)
        tone = np.full(voiced, pitch_hz * 0.95**n)
        parts.append(_voice(rng, voiced, tone, (700.0, 1150.0)) * np.hanning(voiced) * 0.9**n)
        parts.append(np.zeros(int(rng.uniform(0.03, 0.07) * RATE)))
    return np.concatenate(parts)


def _dog(rng: np.random.Generator) -> Wave:
    """Barks: 0.1 to 0.2 s of rising and falling pitch with much noise in it, two to four."""
    parts = []
    for _ in range(rng.integers(2, 5)):
        count = int(rng.uniform(0.1, 0.2) * RATE)
        pitch = rng.uniform(350, 600) * (1 + 0.4 * np.hanning(count))
        bark = _voice(rng, count, pitch, (800.0, 1600.0, 2600.0)) * np.hanning(count) ** 0.5
        parts += [
            bark + 0.5 * _band(rng, count, 500, 3000) * np.hanning(count),
            np.zeros(int(rng.uniform(0.1, 0.4) * RATE)),
        ]
    return np.concatenate(parts)
