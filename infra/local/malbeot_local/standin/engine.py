"""Who speaks what: the Piper voice for its language, eSpeak NG for the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .audio import Samples
from .espeak import EspeakVoice
from .text import clean, spoken_language

SPEED_RANGE = (0.25, 4.0)


class Voice(Protocol):
    """A voice. `speak` blocks and yields mono int16 at `rate_hz` as it is made, `seeded` the same every time."""

    @property
    def name(self) -> str: ...

    def speaks(self, language: str) -> bool: ...

    def speak(self, text: str, *, language: str, speed: float, rate_hz: int, seeded: bool) -> Iterator[Samples]: ...


@dataclass(frozen=True)
class Engine:
    """The loaded voices, the preferred first."""

    voices: tuple[Voice, ...]

    @classmethod
    def load(cls, piper_voice: Path | None) -> "Engine":
        """Loads and warms the voices (about a second). Raises LocalError when one cannot be loaded."""
        if piper_voice is None:
            return cls(voices=(EspeakVoice(),))
        from .piper_voice import PiperVoice  # onnxruntime is half a second of importing: only where it is used

        return cls(voices=(PiperVoice(piper_voice), EspeakVoice()))

    def voice_for(self, text: str, text_lang: str) -> tuple[Voice, str]:
        """The voice, and the language it is asked to speak."""
        language = spoken_language(text, text_lang)
        return next(voice for voice in self.voices if voice.speaks(language)), language

    def speak(
        self, text: str, *, text_lang: str, rate_hz: int, speed: float = 1.0, seeded: bool = False
    ) -> Iterator[Samples]:
        """Mono int16 at `rate_hz` in pieces. Blocks; call it in a thread."""
        voice, language = self.voice_for(text, text_lang)
        low, high = SPEED_RANGE
        speed = min(high, max(low, speed))
        return voice.speak(clean(text), language=language, speed=speed, rate_hz=rate_hz, seeded=seeded)
