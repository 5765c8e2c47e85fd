"""What is said and heard over the agent's speech: 60 sounds that must not stop it, and 30 interruptions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.ears.sound import RATE, at_16k, trimmed
from bench.turns_overlap import noises
from support.recording import Samples
from support.speech import english, korean

_FOLDER = Path(__file__).parent
SPEECH_DB = -21.0
"""Level of a caller's speech, root mean square below full scale."""


@dataclass(frozen=True)
class Clip:
    """Mono int16 at RATE; the first sample is sound. An echo has no samples of its own: it is what the caller hears."""

    kind: str
    name: str
    language: str
    samples: Samples
    stops: bool
    """Whether it is an interruption."""
    claims_s: float = 0.0
    """From when on it is one: behind words of listening with which it begins."""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE


def at_level(samples: Samples, level_db: float) -> Samples:
    """With this root mean square, never cut off."""
    wave = samples.astype(float)
    wave *= 32768 * 10 ** (level_db / 20) / max(float(np.sqrt(np.square(wave).mean())), 1e-9)
    return (wave * min(1.0, 32000 / max(1.0, float(np.abs(wave).max())))).astype(np.int16)


def _said(language: str, text: str, speed: float) -> Samples:
    return at_level(trimmed(at_16k((english if language == "en" else korean)(text, speed=speed))), SPEECH_DB)


def _table(name: str) -> list[tuple[str, str, float]]:
    lines = (_FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [(language, text, float(speed)) for language, text, speed in (line.split("\t") for line in lines)]


def listening() -> list[Clip]:
    """36 words of listening, Korean and English."""
    return [
        Clip("listening", text, language, _said(language, text, speed), stops=False)
        for language, text, speed in _table("listening")
    ]


def interruptions() -> list[Clip]:
    """30, of which some begin with a word of listening."""
    clips = []
    for language, text, speed in _table("interruptions"):
        samples = _said(language, text, speed)
        first = text.split(",")[0]
        claims_s = 0.0
        if first in _LISTENING_FIRST:
            claims_s = len(_said(language, first, speed)) / RATE
        clips.append(Clip("interruption", text, language, samples, stops=True, claims_s=claims_s))
    return clips


_LISTENING_FIRST = {"네", "그래요", "아이고", "Right", "Yes", "Oh"}


def sounds() -> list[Clip]:
    """24 that nobody addresses to the agent."""
    made = noises.all_of_them()
    return [
        Clip(kind, f"{kind} {number}", "en" if number % 2 else "ko", samples, stops=False)
        for number, (kind, samples) in enumerate(made)
    ]


def clips() -> list[Clip]:
    """All 90."""
    return [*listening(), *sounds(), *interruptions()]
