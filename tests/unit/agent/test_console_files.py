"""The console's WAV files: pace, mistakes."""

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from malbeot.console.wav import WavInput, WavOutput, read, require_writable
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
    recording = read(write(tmp_path / "stereo.wav", channels=2, frames=frames))
    assert recording.rate == 16000
    assert recording.samples.tolist() == [200] * 10


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\0" * 100])
def test_what_is_no_wav(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "no.wav"
    path.write_bytes(content)
    with pytest.raises(MalbeotError, match=r"cannot read .*no\.wav as a WAV file"):
        read(path)


def test_missing_file_and_wrong_width(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match="No such file"):
        read(tmp_path / "none.wav")
    with pytest.raises(MalbeotError, match="8 bits a sample"):
        read(write(tmp_path / "eight.wav", width=1))


async def test_speech_comes_at_the_pace_of_speech() -> None:
    ears = WavInput(16000)
    ears.speak(np.arange(1, 3201, dtype=np.int16))
    assert not ears.spoken.is_set()
    began = time.monotonic()
    frames = [await anext(ears) for _ in range(12)]
    assert time.monotonic() - began >= 0.2
    heard = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])
    assert heard[:3200].tolist() == list(range(1, 3201))
    assert not heard[3200:].any()
    assert ears.spoken.is_set()


def test_an_answer_without_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalbeotError, match="without a sound"):
        WavOutput().write(tmp_path / "reply.wav")


@pytest.mark.parametrize(("name", "why"), [("", "it is a folder"), ("none/reply.wav", "its folder does not exist")])
def test_a_place_where_nothing_can_be_written(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(MalbeotError, match=why):
        require_writable(tmp_path / name)
    require_writable(tmp_path / "reply.wav")
