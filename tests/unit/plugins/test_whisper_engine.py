"""The engine answers what it took, in batches, and tells whom it does not answer."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from livekit.plugins.whisper.engine import engine as module
from livekit.plugins.whisper.engine.engine import Engine, Replaced
from livekit.plugins.whisper.engine.loading import Loaded
from livekit.plugins.whisper.engine.scheduler import Busy
from livekit.plugins.whisper.protocol import Heard, Kind, Question, Samples, Word

FULL = "CUDA failed with error out of memory"
SOUND = np.zeros(1600, np.int16)


class Model:
    """What a Whisper model is here: how it computes, what it fails with, and which calls wait for its gate."""

    def __init__(self, compute_type: str, failure: str = "") -> None:
        self.compute_type = compute_type
        self.failure = failure
        self.gate = threading.Event()
        """What `slow` calls wait for."""
        self.slow: set[str] = set()
        self.batches: list[int] = []


class Decoder:
    """Hears how the model computes."""

    languages = frozenset({"en", "ko"})

    def __init__(self, model: Model, *, on_batch: Callable[[int], None]) -> None:
        self.model = model
        self.on_batch = on_batch

    def recognise(self, batch: Sequence[tuple[Question, Samples]]) -> list[Heard]:
        if any(question.call in self.model.slow for question, _ in batch):
            self.model.gate.wait(2)
        self.model.batches.append(len(batch))
        self.on_batch(len(batch))
        if self.model.failure:
            raise RuntimeError(self.model.failure)
        said = [f"{question.call} {self.model.compute_type}" for question, _ in batch]
        return [Heard(words=(Word(text=text),), language="en") for text in said]


@pytest.fixture(autouse=True)
def scripted_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Decoder", Decoder)


def loaded(model: Model, *, device: str = "cuda", workers: int = 1) -> Loaded:
    return Loaded(
        whisper=model,
        name="base",
        path=Path("/base"),
        device=device,
        compute_type=model.compute_type,
        workers=workers,
        cpu_threads=1,
    )


def question(call: str, kind: Kind = Kind.FINAL) -> Question:
    return Question(call=call, kind=kind, speech_end_s=0.1)


async def ask(engine: Engine, call: str, kind: Kind = Kind.FINAL) -> str:
    return (await engine.ask(question(call, kind), SOUND)).text


async def test_another_failure_fails_its_questions_and_no_others() -> None:
    model = Model("int8", "Invalid shape")
    engine = Engine(iter([loaded(model)]))
    async with engine.working():
        with pytest.raises(RuntimeError, match="Invalid shape"):
            await ask(engine, "a")
        model.failure = ""
        assert await ask(engine, "b") == "b int8"


async def test_what_waits_goes_together_and_by_rank() -> None:
    model = Model("int8")
    model.slow = {"first"}
    engine = Engine(iter([loaded(model)]))
    async with engine.working():
        asked = [asyncio.create_task(ask(engine, "first"))]
        await asyncio.sleep(0.02)
        asked += [asyncio.create_task(ask(engine, f"i{n}", Kind.INTERIM)) for n in range(3)]
        asked += [asyncio.create_task(ask(engine, f"f{n}")) for n in range(2)]
        await asyncio.sleep(0.02)
        model.gate.set()
        assert [text.split()[0] for text in await asyncio.gather(*asked)] == ["first", "i0", "i1", "i2", "f0", "f1"]
    assert model.batches == [1, 2, 3]


async def test_who_is_replaced_refused_or_gone() -> None:
    model = Model("int8")
    model.slow = {"first"}
    engine = Engine(iter([loaded(model)]))
    async with engine.working():
        working = asyncio.create_task(ask(engine, "first"))
        await asyncio.sleep(0.02)
        older = asyncio.create_task(ask(engine, "a", Kind.INTERIM))
        await asyncio.sleep(0)
        newer = asyncio.create_task(ask(engine, "a", Kind.INTERIM))
        with pytest.raises(Replaced):
            await older
        gone = asyncio.create_task(ask(engine, "b"))
        await asyncio.sleep(0.02)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        others = [asyncio.create_task(ask(engine, f"c{n}", Kind.PREFLIGHT)) for n in range(63)]
        await asyncio.sleep(0.02)
        with pytest.raises(Busy):
            await ask(engine, "d", Kind.INTERIM)
        model.gate.set()
        assert len(await asyncio.gather(working, newer, *others)) == 65
