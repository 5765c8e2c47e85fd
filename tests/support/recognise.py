"""What was said, by an ear that is not the companion's: the embedded Whisper model by plain faster-whisper."""

import re
from functools import cache
from pathlib import Path

import jiwer
import numpy as np
from faster_whisper import WhisperModel
from livekit import rtc

from malbeot.settings import Settings
from malbeot_local import models
from malbeot_local.cache import Cache


@cache
def _model(directory: Path) -> WhisperModel:
    return WhisperModel(str(directory), device="cpu", compute_type="int8", cpu_threads=2)


def recognise(samples: np.ndarray, rate: int, language: str) -> str:
    """The words in mono int16 `samples` at `rate` a second."""
    model = _model(models.whisper_base(Cache(Settings(_env_file=None).malbeot_cache)))
    segments, _ = model.transcribe(_to_16k(samples, rate), language=language, beam_size=5)
    return " ".join(segment.text.strip() for segment in segments)


def _to_16k(samples: np.ndarray, rate: int) -> np.ndarray:
    """Float32 in -1..1 at 16 kHz."""
    if rate != 16000:
        resampler = rtc.AudioResampler(rate, 16000, quality=rtc.AudioResamplerQuality.HIGH)
        frames = [*resampler.push(rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))), *resampler.flush()]
        samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    return samples.astype(np.float32) / 32768


def normal(text: str) -> str:
    """Lower case, without punctuation."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())


def word_error_rate(reference: str, hypothesis: str) -> float:
    return float(jiwer.wer(normal(reference), normal(hypothesis)))
