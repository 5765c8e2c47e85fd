"""When a GPU's memory runs out in a call the engine goes on with a lighter model, and nobody's question is lost."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import ctranslate2
import numpy as np
import pytest
from unit.plugins.test_whisper_engine import Decoder, Model, ask, loaded

from livekit.plugins.whisper import ModelError
from livekit.plugins.whisper.engine import engine as module
from livekit.plugins.whisper.engine import loading
from livekit.plugins.whisper.engine.engine import Engine
from livekit.plugins.whisper.engine.loading import Loaded

FULL = "CUDA failed with error out of memory"


@pytest.fixture(autouse=True)
def scripted_decoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "Decoder", Decoder)
    gc.disable()  # a model that is let go must be gone at once
    yield
    gc.enable()


class Lighter:
    """Yields a model after another, each only when the former is gone, as `load` does."""

    def __init__(self, *models: Model, workers: int = 1) -> None:
        self.left = list(models)
        self.workers = workers
        self.gate = threading.Event()
        self.gate.set()
        self.loaded: list[str] = []
        self._last: weakref.ref[Model] | None = None

    def __iter__(self) -> Iterator[Loaded]:
        while self.left:
            self.gate.wait(2)
            assert self._last is None or self._last() is None, "there is no memory for two models"
            model = self.left.pop(0)
            self._last = weakref.ref(model)
            self.loaded.append(model.compute_type)
            one = loaded(model, workers=self.workers)
            del model
            yield one
            del one
        raise ModelError("Whisper model /base cannot be loaded on cpu as int8 (out of memory): take a smaller one")


async def test_questions_that_wait_are_answered_by_a_lighter_model_when_memory_runs_out() -> None:
    models = Lighter(Model("float16", FULL), Model("int8_float16", FULL), Model("int8"))
    engine = Engine(iter(models))
    assert engine.loaded.compute_type == "float16"
    async with engine.working():
        heard = await asyncio.gather(*(ask(engine, call) for call in "abcde"))
    assert heard == [f"{call} int8" for call in "abcde"]
    assert models.loaded == ["float16", "int8_float16", "int8"]
    assert engine.loaded.compute_type == "int8"


async def test_two_workers_that_run_out_of_memory_load_one_model_when_both_are_done_with_the_old() -> None:
    first = Model("float16", FULL)
    first.slow, gate = {"b"}, first.gate
    models = Lighter(first, Model("int8"), workers=2)
    del first
    engine = Engine(iter(models))
    async with engine.working(), asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(engine, call)) for call in "ab"]
        await asyncio.sleep(0.05)
        gate.set()
    assert [task.result() for task in asked] == ["a int8", "b int8"]
    assert models.loaded == ["float16", "int8"]


async def test_while_a_lighter_model_is_loaded_questions_are_taken() -> None:
    models = Lighter(Model("float16", FULL), Model("int8"))
    engine = Engine(iter(models))
    models.gate.clear()
    async with engine.working(), asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(engine, "a"))]
        await asyncio.sleep(0.05)
        try:
            assert engine.languages == {"en", "ko"}
            assert engine.loaded.device == "cuda"
            asked.append(group.create_task(ask(engine, "b")))
        finally:
            models.gate.set()
    assert [task.result() for task in asked] == ["a int8", "b int8"]


class CudaModel(Model):
    """A `WhisperModel` that fits the GPU until it recognises something in float16."""

    def __init__(self, path: str, *, compute_type: str, **_: object) -> None:
        super().__init__(compute_type, FULL if compute_type == "float16" else "")
        self.model = SimpleNamespace(n_mels=80)
        self.feature_extractor = SimpleNamespace(mel_filters=np.zeros((80, 201)), nb_max_frames=3000)

    def encode(self, features: object) -> None:
        """Works."""


async def test_the_log_says_once_that_the_engine_goes_on_with_less(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(loading, "WhisperModel", CudaModel)
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    with caplog.at_level(logging.INFO, "livekit.plugins.whisper"):
        engine = Engine(loading.load(tmp_path))
        async with engine.working():
            heard = await asyncio.gather(*(ask(engine, call) for call in "abc"))
    assert heard == [f"{call} int8_float16" for call in "abc"]
    said = "Whisper cannot run on cuda as float16 (out of memory): it goes on with int8_float16 on cuda"
    assert [record.getMessage() for record in caplog.records] == [said]


async def test_when_nothing_lighter_is_left_everybody_is_told() -> None:
    engine = Engine(iter(Lighter(Model("float16", FULL))))
    async with engine.working():
        for call in "abc":
            with pytest.raises(ModelError, match="out of memory"):
                await ask(engine, call)
