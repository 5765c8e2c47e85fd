"""Spoken utterances as samples: where they begin and end, their pauses, and the noise that is laid over them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from livekit import rtc

from support.recording import VOICE_RMS, WINDOW_S, Samples
from support.speech import Speech

RATE = 16000
"""Hz: what Whisper takes."""

FRAME_S = 0.020
FRAME = round(RATE * FRAME_S)
LEAD_S = 0.5
"""Silence, or noise alone, before the first speech sample."""

TAIL_S = 2.6
"""What is laid behind the last speech sample: as long as an answer is waited for, and a little more."""

LONG_PAUSE_S = 0.25
"""A quiet stretch above this is no speech."""

_WINDOW = round(RATE * WINDOW_S)
_BELOW_LOUD = 0.05
"""Speech ends 26 dB below its loud parts: a recording's own noise lies under that."""

Noise = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Utterance:
    """What somebody says: mono int16 at RATE, the first and the last sample being speech."""

    name: str
    text: str
    language: str
    samples: Samples

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE

    @property
    def pauses(self) -> list[tuple[float, float]]:
        """Quiet stretches longer than LONG_PAUSE_S: start and end, in seconds after the first speech sample."""
        edges = np.flatnonzero(np.diff(_is_speech(self.samples).astype(np.int8), prepend=1, append=1))
        stretches = [(float(start) * WINDOW_S, float(end) * WINDOW_S) for start, end in edges.reshape(-1, 2)]
        return [(start, end) for start, end in stretches if end - start > LONG_PAUSE_S]


@dataclass(frozen=True)
class Sound:
    """What is sent: mono int16 at RATE, and between which samples there is speech."""

    samples: Samples
    first: int
    """The first speech sample's index."""
    end: int
    """The index behind the last speech sample."""

    def frame(self, number: int) -> Samples:
        """The frame of 20 ms with this number; behind the end there is silence."""
        piece = self.samples[number * FRAME : (number + 1) * FRAME]
        return np.concatenate([piece, np.zeros(FRAME - len(piece), np.int16)]) if len(piece) < FRAME else piece


def at_16k(speech: Speech) -> Samples:
    """The samples at RATE."""
    if speech.rate == RATE:
        return speech.samples
    resampler = rtc.AudioResampler(speech.rate, RATE, quality=rtc.AudioResamplerQuality.HIGH)
    whole = rtc.AudioFrame(speech.samples.tobytes(), speech.rate, 1, len(speech.samples))
    return np.concatenate([np.frombuffer(got.data, np.int16) for got in [*resampler.push(whole), *resampler.flush()]])


def trimmed(samples: Samples) -> Samples:
    """From the first to the last window of 10 ms with speech in it. Raises `ValueError` where there is none."""
    speech = np.flatnonzero(_is_speech(samples))
    if not len(speech):
        raise ValueError("there is no speech in these samples")
    return samples[speech[0] * _WINDOW : (speech[-1] + 1) * _WINDOW]


def joined(parts: list[Samples], pause_s: float) -> Samples:
    """The parts one after the other with silence between them."""
    silence = np.zeros(round(pause_s * RATE), np.int16)
    pieces = [piece for part in parts for piece in (silence, part)]
    return np.concatenate(pieces[1:])


def loudness(samples: Samples) -> float:
    """Root mean square of the windows with speech, the level that a signal-to-noise ratio relates to."""
    levels, speech = _levels(samples), _is_speech(samples)
    return float(np.sqrt(np.square(levels[speech]).mean()))


def white(rng: np.random.Generator, count: int) -> Noise:
    """`count` samples of white noise, root mean square 1."""
    return rng.standard_normal(count)


def pink(rng: np.random.Generator, count: int) -> Noise:
    """`count` samples of noise with equal power in every octave from 20 Hz on, root mean square 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20.0))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.sqrt(np.square(noise).mean()))


def sound(utterance: Utterance, *, snr_db: float | None = None, seed: int = 0) -> Sound:
    """The utterance with LEAD_S before and TAIL_S behind it; over all of it noise `snr_db` below the speech.

    The noise is white where `seed` is even and pink where it is odd.
    """
    lead, tail = np.zeros(round(LEAD_S * RATE)), np.zeros(round(TAIL_S * RATE))
    samples = np.concatenate([lead, utterance.samples.astype(np.float64), tail])
    if snr_db is not None:
        noise = (pink if seed % 2 else white)(np.random.default_rng(seed), len(samples))
        samples += noise * loudness(utterance.samples) / 10 ** (snr_db / 20)
    sent = np.clip(np.round(samples), -32768, 32767).astype(np.int16)
    return Sound(sent, len(lead), len(lead) + len(utterance.samples))


def _levels(samples: Samples) -> Noise:
    """Root mean square of every whole window of 10 ms."""
    count = len(samples) // _WINDOW
    windows = samples[: count * _WINDOW].astype(np.float64).reshape(count, _WINDOW)
    return np.asarray(np.sqrt(np.square(windows).mean(axis=1)))


def _is_speech(samples: Samples) -> npt.NDArray[np.bool_]:
    """Which windows hold speech."""
    levels = _levels(samples)
    threshold = max(VOICE_RMS, _BELOW_LOUD * float(np.percentile(levels, 95))) if len(levels) else VOICE_RMS
    return levels >= threshold
