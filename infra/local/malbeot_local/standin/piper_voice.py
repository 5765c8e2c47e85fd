"""A Piper voice: the stand-in's English."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import onnxruntime  # type: ignore[import-untyped]
from piper import PiperVoice as _Piper
from piper import SynthesisConfig
from piper.config import PiperConfig

from ..errors import LocalError
from .audio import OUTPUT_RATE_HZ, Samples, to_samples
from .text import bounded

# Piper tells its debug log what it says, and its warnings quote characters: what callers hear stays out of the log.
logging.getLogger("piper").setLevel(logging.ERROR)

_FETCH = "fetch it with `python -m malbeot_local fetch models`"
_VOLUME = 0.7  # Piper scales every sentence to full range; this leaves room for the resampler's overshoot


class PiperVoice:
    """One Piper model (ONNX, with its `.json` beside it), loaded once and warm after construction.

    Raises LocalError when the model is missing or cannot be read.
    """

    name = "piper"

    def __init__(self, path: Path) -> None:
        self.path = path
        settings = Path(f"{path}.json")
        for file in (path, settings):
            if not file.is_file():
                raise LocalError(f"no Piper voice: {file} is missing; {_FETCH}")
        options = onnxruntime.SessionOptions()
        # Idle worker threads would otherwise spin and take the cores from speech recognition.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._config = PiperConfig.from_dict(json.loads(settings.read_text("utf-8")))
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises its own types, a wrong .json KeyError or ValueError
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise LocalError(f"cannot read the Piper voice {path}: {reason}; {_FETCH}") from error
        self._voice = _Piper(session=session, config=self._config)
        for _ in self.speak("Good morning.", language=self.language, speed=1.0, rate_hz=OUTPUT_RATE_HZ, seeded=True):
            pass  # the first run allocates: it would cost the first caller

    @property
    def language(self) -> str:
        return self._config.espeak_voice.split("-")[0]

    def speaks(self, language: str) -> bool:
        return language == self.language

    def speak(self, text: str, *, language: str, speed: float, rate_hz: int, seeded: bool) -> Iterator[Samples]:
        """Mono int16, a sentence at a time as each is done. Blocks; call it in a thread.

        `seeded` takes the noise away: the model's graph draws it without a seed.
        """
        del language
        settings = SynthesisConfig(
            length_scale=self._config.length_scale / speed,
            noise_scale=0.0 if seeded else self._config.noise_scale,
            noise_w_scale=0.0 if seeded else self._config.noise_w_scale,
            volume=_VOLUME,
        )
        for part in bounded(text):
            for chunk in self._voice.synthesize(part, settings):
                yield to_samples(chunk.audio_float_array, chunk.sample_rate, rate_hz)
