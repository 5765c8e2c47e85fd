"""What is said in the same words is rendered once, kept within bounds, and played from disk."""

import asyncio
import errno
import io
import os
import wave
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc

from malbeot.clips.clip import Clip, chime
from malbeot.clips.fixed import FixedSpeech
from malbeot.clips.phrases import greetings, phrases
from malbeot.clips.store import ClipStore
from malbeot.persona import Persona, load_personas
from malbeot.resources import resource
from malbeot.settings import Settings, load
from malbeot_local.cache import Cache

GREETING = "Good morning, Rose. This is June. How are you today?"
RATE = 32000


@pytest.fixture
def personas() -> dict[str, Persona]:
    return load_personas(resource("prompts"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(malbeot_cache=tmp_path)


def clip(seconds: float = 0.5, value: int = 1000) -> Clip:
    return Clip(np.full(int(RATE * seconds), value, np.int16), RATE)


class Voice:
    """Says a second of sound, and notes what it was given."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def __call__(self, text: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
        self.said.append("".join([piece async for piece in text]))
        for frame in clip(1.0).frames():
            yield frame


async def pieces(*texts: str) -> AsyncIterator[str]:
    for text in texts:
        yield text


async def heard(fixed: FixedSpeech, voice: Voice, *texts: str) -> Clip:
    return Clip.of([frame async for frame in fixed.speak(pieces(*texts), voice)])


def test_a_clip_is_what_was_stored(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="GPT-SoVITS")
    assert not store.has(GREETING)
    assert store.load(GREETING) is None
    store.store(GREETING, clip())
    read = store.load(GREETING)
    assert read is not None
    assert read.rate == RATE
    assert np.array_equal(read.samples, clip().samples)


def test_another_text_voice_or_speaker_has_another_clip(settings: Settings, personas: dict[str, Persona]) -> None:
    june, dasom = personas["en"], personas["ko"]
    ClipStore(settings, june, speaker="GPT-SoVITS").store(GREETING, clip())
    assert not ClipStore(settings, june, speaker="stand-in").has(GREETING)
    assert not ClipStore(settings, dasom, speaker="GPT-SoVITS").has(GREETING)
    assert not ClipStore(settings, june, speaker="GPT-SoVITS").has(GREETING + "!")
    slower = june.model_copy()
    slower._spoken_by = june.spoken_by.model_copy(update={"speed": 0.8})
    assert not ClipStore(settings, slower, speaker="GPT-SoVITS").has(GREETING)


def test_the_least_recently_used_go_when_there_are_too_many(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="x", most_bytes=110_000)  # three clips of 32 kB
    for number, text in enumerate("abc"):
        store.store(text, clip())
        os.utime(store._path(text), (number, number))
    assert store.load("a") is not None, "used just now"
    store.store("d", clip())
    assert [text for text in "abcd" if store.has(text)] == ["a", "c", "d"]
    assert sum(path.stat().st_size for path in Cache(settings.malbeot_cache).clips.glob("*.wav")) <= 110_000


def of_no_samples() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
    return buffer.getvalue()


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"no wave at all", of_no_samples(), of_no_samples()[:-1] + b"\1\0"])
async def test_a_damaged_clip_is_made_again(settings: Settings, personas: dict[str, Persona], damage: bytes) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    store.store(GREETING, clip())
    store._path(GREETING).write_bytes(damage)
    voice = Voice()
    await heard(FixedSpeech(chime(), store, [GREETING]), voice, GREETING)
    assert voice.said == [GREETING]
    assert store.load(GREETING) is not None


@given(cuts=st.lists(st.integers(0, len(GREETING)), max_size=6))
async def test_a_fixed_text_is_known_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(GREETING)]
    texts = [GREETING[begin:end] for begin, end in pairwise(edges)]

    class Kept(ClipStore):
        def __init__(self) -> None:
            pass

        def load(self, text: str) -> Clip | None:
            return clip(0.25) if text == GREETING else None

    voice = Voice()
    said = await heard(FixedSpeech(chime(), Kept(), [GREETING]), voice, *texts)
    assert len(said.samples) == RATE // 4
    assert voice.said == []


async def test_what_only_begins_like_it_is_spoken_whole(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    voice = Voice()
    fixed = FixedSpeech(chime(), store, [GREETING])
    await heard(fixed, voice, "Good morning, ", "Rose. This is", " quite another thing.")
    await heard(fixed, voice, GREETING, " And one more thing.")
    await heard(fixed, voice, "Good morning,")
    assert voice.said == [
        "Good morning, Rose. This is quite another thing.",
        f"{GREETING} And one more thing.",
        "Good morning,",
    ]
    assert not any(map(store.has, voice.said)), "only what is fixed is kept"


async def test_it_is_kept_once_it_was_said_and_then_played(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    voice = Voice()
    fixed = FixedSpeech(chime(), store)
    fixed.expect(GREETING)
    first = await heard(fixed, voice, GREETING)
    second = await heard(fixed, voice, *GREETING)
    assert np.array_equal(first.samples, second.samples)
    assert voice.said == [GREETING]


async def test_what_was_cut_short_or_said_by_another_is_not_kept(
    settings: Settings, personas: dict[str, Persona]
) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    fixed = FixedSpeech(chime(), store, [GREETING])
    async with aclosing(fixed.speak(pieces(GREETING), Voice())) as frames:
        await anext(frames)
    assert not store.has(GREETING)
    times = iter(range(9))
    async for _ in fixed.speak(pieces(GREETING), Voice(), substituted=lambda: next(times)):
        pass
    assert not store.has(GREETING)


async def test_what_is_kept_is_said_without_haste(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    fixed, hasty, calm = FixedSpeech(chime(), store, [GREETING]), Voice(), Voice()
    for text in (GREETING, GREETING, "Something else."):
        async for _ in fixed.speak(pieces(text), hasty, kept=calm):
            pass
    assert (calm.said, hasty.said) == ([GREETING], ["Something else."])


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error"), wave.Error("no")],
)
async def test_a_disk_that_fails_is_not_heard(
    settings: Settings,
    personas: dict[str, Persona],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
) -> None:
    def fail(self: Clip, path: Path) -> None:
        path.write_bytes(b"RIFF")
        raise failure

    store = ClipStore(settings, personas["en"], speaker="x")
    monkeypatch.setattr(Clip, "write", fail)
    said = await heard(FixedSpeech(chime(), store, [GREETING]), Voice(), GREETING)
    assert np.array_equal(said.samples, clip(1.0).samples)
    assert "a phrase is not kept" in caplog.text
    assert "Rose" not in caplog.text
    assert list(Cache(settings.malbeot_cache).clips.iterdir()) == []


async def test_two_processes_may_store_the_same_text_at_once(settings: Settings, personas: dict[str, Persona]) -> None:
    stores = [ClipStore(settings, personas["en"], speaker="x") for _ in range(8)]
    await asyncio.gather(*(asyncio.to_thread(each.store, GREETING, clip(0.5, at)) for at, each in enumerate(stores)))
    read = stores[0].load(GREETING)
    assert read is not None
    assert len(set(read.samples.tolist())) == 1, "one of them, and whole"
    assert len(list(Cache(settings.malbeot_cache).clips.iterdir())) == 1


def test_what_a_killed_process_left_is_cleared(settings: Settings, personas: dict[str, Persona]) -> None:
    store = ClipStore(settings, personas["en"], speaker="x")
    store.store("a", clip())
    old, new = (Cache(settings.malbeot_cache).clips / f".{name}.wav.tmp-x" for name in ("old", "new"))
    for left in (old, new):
        left.mkdir()
        (left / "half.wav").write_bytes(b"RIFF")
    os.utime(old, (1, 1))
    store.store("b", clip())
    assert (old.exists(), new.exists()) == (False, True)


def test_every_greeting_without_a_name_is_fixed(personas: dict[str, Persona]) -> None:
    for persona in personas.values():
        assert len(greetings(persona)) >= 2
        assert len(greetings(persona)) <= 12
        assert persona.phrases.voice_failed in phrases(persona)
