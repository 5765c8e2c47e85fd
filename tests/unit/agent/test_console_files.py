"""The console's WAV files: pace, mistakes."""

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from malbeot.console.by_file import WavInput, WavOutput, _read
from malbeot.errors import MalbeotError


def write(path: Path, *, width: int = 2, channels: int = 1, frames: bytes = b"\0" * 3200) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(16000)
        file.writeframes(frames)
    return path


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    frames = np.array([[100, 300]] * 10, np.int16).tobytes()
    samples, rate = _read(write(tmp_path / "stereo.wav", channels=2, frames=frames))
    assert rate == 16000
    assert samples.tolist() == [200] * 10


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\0" * 100])
def test_what_is_no_wav(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.wav"
    path.write_bytes(content)
    with pytest.raises(MalbeotError, match=r"cannot read .*no\.wav as a WAV file"):
        _read(path)


def test_missing_file_and_wrong_width(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match="No such file"):
        _read(tmp_path / "none.wav")
    with pytest.raises(MalbeotError, match="8 bits a sample"):
        _read(write(tmp_path / "eight.wav", width=1))


async def test_speech_comes_at_the_pace_of_speech() -> None:
    ears = WavInput(16000)
    ears.speak(np.arange(1, 3201, dtype=np.int16))
    began = time.monotonic()
    frames = [await anext(ears) for _ in range(12)]
    assert time.monotonic() - began >= 0.2
    heard = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    assert heard[:3200].tolist() == list(range(1, 3201))
    assert not heard[3200:].any()


def test_an_answer_without_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match="without a sound"):
        WavOutput().write(tmp_path / "reply.wav")
