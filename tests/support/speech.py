"""Spoken test questions: English by Piper, Korean by eSpeak NG, made when they are asked for.

The engines are GPL software and run in a process of their own; the text goes to it by standard input.
"""

import os
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from malbeot_local.cache import Cache, default_root
from malbeot_local.models import piper_joe, whisper_base

PIPER_VOICE = piper_joe(Cache(default_root(os.environ)))
WHISPER_MODEL = whisper_base(Cache(default_root(os.environ)))
_SPOKEN_LONG = "우리 딸이 어제 전화했어요. 그래서 기분이 참 좋았는데 오늘은 아무 연락이 없네요."
_RECORDING = Path(__file__).parents[3] / "shared" / "audio" / "ko_read.wav"
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Speech:
    """Mono int16 samples (read-only, shared between the tests of a run) at `rate` Hz."""

    samples: npt.NDArray[np.int16]
    rate: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate

    def to_wav(self, path: Path) -> Path:
        """Writes the speech as a WAV file and returns its path."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.samples.tobytes())
        return path

    @classmethod
    def from_wav(cls, path: Path) -> "Speech":
        """Reads a mono 16-bit WAV file."""
        with wave.open(str(path), "rb") as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2), f"{path} is not mono 16-bit"
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
            return cls(samples, file.getframerate())


def english(text: str, *, speed: float = 1.0) -> Speech:
    """`text` in the voice of Piper's joe."""
    return _say(text, "en", speed)


def korean(text: str, *, speed: float = 1.0) -> Speech:
    """`text` in eSpeak NG's Korean."""
    return _say(text, "ko", speed)


def korean_person() -> Speech:
    """A person's voice where there is one. Whisper base makes little of eSpeak NG's Korean, and nothing of less."""
    return Speech.from_wav(_RECORDING) if _RECORDING.exists() else korean(_SPOKEN_LONG)


@cache
def _say(text: str, language: str, speed: float) -> Speech:
    with tempfile.TemporaryDirectory(prefix="malbeot-speech-") as folder:
        out = Path(folder) / "speech.wav"
        command = [sys.executable, "-m", "malbeot_local.standin", "say", "--lang", language]
        if language == "en":
            command += ["--piper-voice", str(PIPER_VOICE)]
        command += ["--speed", str(speed), "--out", str(out), "-"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False)
        assert done.returncode == 0, f"the voice said: {done.stderr.decode()}"
        return Speech.from_wav(out)
