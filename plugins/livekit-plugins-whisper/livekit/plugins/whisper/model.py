"""The model, apart from the calls that share it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from livekit.agents.utils import AudioBuffer

from .audio import SAMPLE_RATE, Samples, to_samples
from .errors import ModelError
from .transcript import Segment, Transcript

_SILENT_PEAK = 10 / 32768
"""A peak below -70 dBFS is no speech: the last bits of a line that carries nothing."""

_TEMPERATURES = (0.0, 0.4)
"""Greedy first; one more try where the words are improbable or repeat themselves."""


class Model:
    """A Whisper model in memory.

    Any number of calls may use it at once; recordings are transcribed one after the other, in a
    thread of the model's own, because two at once would only take each other's cores.
    """

    def __init__(
        self, whisper: Any, *, name: str, path: Path, device: str, compute_type: str, cpu_threads: int
    ) -> None:
        """Takes a `faster_whisper.WhisperModel`; `load` makes one that fits the machine."""
        self._whisper = whisper
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        self.name = name
        self.path = path
        self.device = device
        """"cpu" or "cuda"."""
        self.compute_type = compute_type
        """CTranslate2's compute type."""
        self.cpu_threads = cpu_threads
        self.languages: frozenset[str] = frozenset(whisper.supported_languages)
        """Whisper's codes of the languages it knows."""

    async def recognize(self, buffer: AudioBuffer, *, language: str | None = None, beam_size: int = 1) -> Transcript:
        """Transcribes recorded frames of any rate and number of channels, without holding the event loop.

        When it is cancelled, the work stops at the next window of 30 s.

        Raises:
            ModelError: the model does not know the language.
        """
        given_up = threading.Event()

        def work() -> Transcript:
            return self.transcribe(to_samples(buffer), language=language, beam_size=beam_size, given_up=given_up)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            given_up.set()

    def transcribe(
        self,
        samples: Samples,
        *,
        language: str | None = None,
        beam_size: int = 1,
        given_up: threading.Event | None = None,
    ) -> Transcript:
        """Transcribes one recording. Blocks for about 0.5 s (base, two cores) for every 30 s of it, at least once.

        Args:
            samples: mono, 16 kHz, shape (n,), from -1 to 1.
            language: Whisper's code, such as "ko"; None recognises it, which costs a second encoding.
            given_up: ends the work early when it is set.

        Raises:
            ModelError: the model does not know the language.
        """
        if language is not None and language not in self.languages:
            raise ModelError(self.name, reason=f"does not know {language!r}", mend="take a multilingual model")
        if not len(samples) or float(np.abs(samples).max()) < _SILENT_PEAK:
            return Transcript("", language or "und")
        duration_s = len(samples) / SAMPLE_RATE
        # `transcribe` is lazy: the work is done while its segments are taken.
        found, info = self._whisper.transcribe(
            samples,
            language=language,
            beam_size=beam_size,
            best_of=1,
            temperature=_TEMPERATURES,
            condition_on_previous_text=False,
            vad_filter=False,
            max_new_tokens=_token_limit(duration_s),
        )
        segments: list[Segment] = []
        for segment in found:
            if given_up is not None and given_up.is_set():
                break
            segments.append(segment)
        return Transcript.of(segments, language=info.language, duration_s=duration_s)


def _token_limit(duration_s: float) -> int | None:
    """Bounds what a loop on a short recording costs: 20 tokens a second is twice the fastest Korean."""
    return 24 + int(20 * duration_s) if duration_s < 10 else None
