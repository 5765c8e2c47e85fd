"""Reference recordings: how they are measured, and the stand-in's own."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malbeot_local.standin.references import LENGTH_S, BadReference, References, wav_duration_s
from support.speech import Speech
from support.standin import running_standin


@given(
    rate_hz=st.sampled_from([8000, 16000, 22050, 44100, 48000]),
    frame_bytes=st.sampled_from([2, 3, 4, 8]),
    frames=st.integers(0, 5000),
    before=st.lists(st.tuples(st.sampled_from([b"LIST", b"fact", b"bext"]), st.binary(max_size=50)), max_size=3),
    size=st.sampled_from([None, 0xFFFFFFFF]),
)
def test_any_wav_is_measured_by_its_header(
    tmp_path_factory: pytest.TempPathFactory,
    rate_hz: int,
    frame_bytes: int,
    frames: int,
    before: list[tuple[bytes, bytes]],
    size: int | None,
) -> None:
    data = bytes(frames * frame_bytes)
    chunks = b"".join(name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for name, body in before)
    form = struct.pack("<HHIIHH", 3, 1, rate_hz, rate_hz * frame_bytes, frame_bytes, 8 * frame_bytes)
    chunks += b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    path = tmp_path_factory.getbasetemp() / "any.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    assert wav_duration_s(path) == pytest.approx(frames / rate_hz)


@given(st.binary(max_size=80))
def test_no_file_but_a_recording_is_taken(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "odd.wav").write_bytes(b"RIFF\0\0\0\0WAVE" + content)
    with pytest.raises(BadReference):
        References(folder).use("odd.wav")


@pytest.mark.parametrize("path", ["", ".", "none.wav", "a\0b.wav", "x" * 5000, "/dev/null", "fifo"])
def test_no_path_but_to_a_recording_is_taken(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(BadReference):
        References(tmp_path).use(path)
    with pytest.raises(BadReference):
        References(tmp_path).load(path)


@pytest.mark.parametrize("duration_s", LENGTH_S)
def test_the_limits_are_within(tmp_path: Path, duration_s: float) -> None:
    Speech(np.zeros(int(44100 * duration_s), np.int16), 44100).to_wav(tmp_path / "a.wav")
    References(tmp_path).use("a.wav")


async def test_without_a_folder_the_personas_references_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALBEOT_CACHE", str(tmp_path))
    made = []
    for _ in range(2):
        with running_standin(piper=False) as own:
            for name in ("june", "dasom"):
                assert (await own.tts(ref_audio_path=f"voices/{name}.wav")).samples.any()
        files = {name: tmp_path / "references" / "voices" / f"{name}.wav" for name in ("june", "dasom")}
        assert all(LENGTH_S[0] + 0.5 < wav_duration_s(path) < LENGTH_S[1] - 0.5 for path in files.values())
        made.append([path.stat().st_mtime_ns for path in files.values()])
    assert made[0] == made[1]
