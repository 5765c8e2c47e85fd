"""Plain faster-whisper on the same utterances: one pass over the whole of each when it is over."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from bench.ears.sound import RATE, Sound
from support.recording import Samples
from support.speech import WHISPER_MODEL

_BEFORE_S = 0.1


@dataclass(frozen=True)
class Heard:
    """What one pass gave, the time it took, and the CPU time of this process meanwhile, all threads."""

    text: str
    wall_s: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Plain:
    """`WhisperModel.transcribe` with its defaults (beam of 5, warmer tries to fall back on) unless `options` differ."""

    compute_type: str
    cpu_threads: int
    options: tuple[tuple[str, Any], ...] = ()

    def hear(self, samples: Samples, language: str) -> Heard:
        """Transcribes mono int16 at 16 kHz. Blocks."""
        model = _model(self.compute_type, self.cpu_threads)
        began, worked = time.monotonic(), time.process_time()
        segments, _ = model.transcribe(samples.astype(np.float32) / 32768, language=language, **dict(self.options))
        text = " ".join(segment.text.strip() for segment in segments)
        return Heard(text, time.monotonic() - began, time.process_time() - worked)

    def warm_up(self) -> None:
        """Loads the model and runs it once."""
        self.hear(np.random.default_rng(0).normal(0, 300, RATE).astype(np.int16), "en")


def whole(sound: Sound, *, flush_after_s: float) -> Samples:
    """What a voice activity detector would hand over: from 0.1 s before the first speech sample to the flush."""
    return sound.samples[max(0, sound.first - round(_BEFORE_S * RATE)) : sound.end + round(flush_after_s * RATE)]


@cache
def _model(compute_type: str, cpu_threads: int) -> WhisperModel:
    return WhisperModel(str(WHISPER_MODEL), device="cpu", compute_type=compute_type, cpu_threads=cpu_threads)
