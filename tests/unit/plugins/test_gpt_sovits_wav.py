"""The readers of sound: whatever the pieces, the samples are the same; what is no such sound is told in one line."""

import contextlib
import struct
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit.plugins.gpt_sovits import Voice
from livekit.plugins.gpt_sovits.plausible import RATES
from livekit.plugins.gpt_sovits.raw import RawReader
from livekit.plugins.gpt_sovits.wav import WavError, WavReader

Chunk = tuple[bytes, bytes]
UNKNOWN = (0, 0xFFFFFFFF)

sound = st.binary(max_size=200).map(lambda data: data[: len(data) // 2 * 2])
rates = st.sampled_from([*RATES, 16000, 8000, 192000])
cuts = st.lists(st.integers(0, 400), max_size=30)
other_chunks = st.lists(st.tuples(st.sampled_from([b"LIST", b"fact", b"bext"]), st.binary(max_size=30)), max_size=3)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def fmt(rate: int, *, encoding: int = 1, channels: int = 1, bits: int = 16) -> bytes:
    align = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", encoding, channels, rate, rate * align, align, bits))


def header(rate: int, size: int, before: Sequence[Chunk] = (), after: Sequence[Chunk] = ()) -> bytes:
    around = [b"".join(chunk(*each) for each in chunks) for chunks in (before, after)]
    return b"RIFF\x24\0\0\0WAVE" + around[0] + fmt(rate) + around[1] + b"data" + struct.pack("<I", size)


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    return [body[begin:end] for begin, end in pairwise(edges)]


def read(reader: WavReader | RawReader, body: bytes, cuts: list[int]) -> bytes:
    given_out = b""
    for piece in pieces(body, cuts):
        out = reader.feed(piece)
        assert len(out) % 2 == 0
        given_out += out
    reader.finish()
    return given_out


@given(
    sound=sound, rate=rates, cuts=cuts, size=st.sampled_from([*UNKNOWN, None]), before=other_chunks, after=other_chunks
)
def test_the_same_samples_come_out_however_it_is_cut(
    sound: bytes, rate: int, cuts: list[int], size: int | None, before: list[Chunk], after: list[Chunk]
) -> None:
    reader = WavReader()
    known = len(sound) if size is None else size
    assert read(reader, header(rate, known, before, after) + sound, cuts) == sound
    assert reader.format is not None
    assert reader.format.sample_rate == rate
    assert reader.format.data_size == (known or None if known not in UNKNOWN else None)
    assert reader.received == len(sound)


@given(sound=sound, cuts=cuts)
def test_each_sample_is_given_with_its_second_byte(sound: bytes, cuts: list[int]) -> None:
    reader, came, given_out = WavReader(), 0, 0
    for piece in pieces(header(32000, 0) + sound, cuts):
        came += len(piece)
        given_out += len(reader.feed(piece))
        assert given_out == max(0, came - 44) // 2 * 2


@given(sound=sound.filter(bool), behind=st.binary(max_size=50), cuts=cuts)
def test_what_follows_the_data_is_no_sound(sound: bytes, behind: bytes, cuts: list[int]) -> None:
    assert read(WavReader(), header(32000, len(sound)) + sound + behind, cuts) == sound


@given(sound=sound.filter(bool), missing=st.integers(2, 1000), cuts=cuts)
def test_less_than_the_header_names_is_an_early_end(sound: bytes, missing: int, cuts: list[int]) -> None:
    with pytest.raises(WavError, match=f"ends {missing} bytes before the end"):
        read(WavReader(), header(32000, len(sound) + missing) + sound, cuts)


@given(length=st.integers(1, 43), cuts=cuts)
def test_an_end_within_the_header_is_told(length: int, cuts: list[int]) -> None:
    with pytest.raises(WavError, match=f"after {length} bytes"):
        read(WavReader(), header(32000, 0)[:length], cuts)


@given(body=st.binary(max_size=300), cuts=cuts)
def test_noise_is_read_or_refused_and_nothing_else(body: bytes, cuts: list[int]) -> None:
    given_out = b""
    with contextlib.suppress(WavError):
        given_out = read(WavReader(), body, cuts)
    assert given_out in body


@given(damage=st.dictionaries(st.integers(0, 43), st.integers(0, 255), min_size=1, max_size=4), cuts=cuts)
def test_a_damaged_header_is_read_or_refused_and_nothing_else(damage: dict[int, int], cuts: list[int]) -> None:
    body = bytearray(header(32000, 0) + bytes(range(100)))
    for at, value in damage.items():
        body[at] = value
    reader = WavReader()
    try:
        read(reader, bytes(body), cuts)
    except WavError:
        return
    assert reader.format is None or 8000 <= reader.format.sample_rate <= 192000


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html>", "does not begin as a WAV"),
        (b'{"message":"no"}', "does not begin as a WAV"),
        (b"RIFF\0\0\0\0AVI ", "does not begin as a WAV"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "no format before the data"),
        (b"RIFF\0\0\0\0WAVE" + fmt(32000, encoding=3, bits=32), "encoding 3, 32 bits, 1 channels"),
        (b"RIFF\0\0\0\0WAVE" + fmt(32000, channels=2), "encoding 1, 16 bits, 2 channels"),
        (b"RIFF\0\0\0\0WAVE" + fmt(4000), "names 4000 Hz"),
        (b"RIFF\0\0\0\0WAVEfmt \x08\0\0\0", "is damaged"),
        (b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\x7f", "has no end"),
    ],
)
def test_what_is_no_such_wav_is_refused_at_once(body: bytes, said: str) -> None:
    with pytest.raises(WavError, match=said):
        WavReader().feed(body)


@given(body=st.binary(max_size=200), cuts=cuts)
def test_raw_sound_is_all_there_is_but_half_a_sample(body: bytes, cuts: list[int]) -> None:
    assert read(RawReader(48000), body, cuts) == body[: len(body) // 2 * 2]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"media_type": "raw"}, "raw_rate_hz is None: raw sound does not tell its rate"),
        ({"media_type": "raw", "raw_rate_hz": 44100}, "raw_rate_hz is 44100"),
        ({"raw_rate_hz": 32000}, "raw_rate_hz is given and media_type is 'wav'"),
    ],
)
def test_raw_sound_needs_the_rate_of_a_model(given_: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Voice(ref_audio_path="june.wav", prompt_lang="en", text_lang="en", **given_)  # type: ignore[arg-type]
