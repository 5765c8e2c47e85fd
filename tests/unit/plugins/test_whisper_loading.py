"""Where a Whisper model is looked for, on what it runs, and what is said when it cannot be loaded."""

import gc
import logging
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import numpy as np
import pytest
from faster_whisper import WhisperModel
from livekit.plugins import whisper

from livekit.plugins.whisper.engine import loading
from livekit.plugins.whisper.engine.loading import load
from support.speech import WHISPER_MODEL

DOWNLOAD = f"`{sys.executable} -m livekit.plugins.whisper download base`"
FILES = {"model.bin", "config.json", "tokenizer.json", "vocabulary.json"}


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(whisper.ModelError) as caught:
        next(load(str(tmp_path / "nowhere"), local_files_only=False))
    assert str(caught.value).startswith(f"Whisper model {tmp_path / 'nowhere'} is not there: ")
    assert f"run {DOWNLOAD}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", sorted(FILES))
def test_a_directory_with_a_file_missing(tmp_path: Path, missing: str) -> None:
    for name in FILES - {missing}:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(whisper.ModelError, match=f"has no {missing}:"):
        next(load(tmp_path))


@pytest.fixture
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("empty_hub_cache")
def test_a_name_that_is_not_on_this_machine() -> None:
    with pytest.raises(whisper.ModelError) as caught:
        next(load("base"))
    assert str(caught.value) == f"Whisper model base is not on this machine: run {DOWNLOAD}"


@pytest.mark.parametrize("local_files_only", [True, False])
def test_a_name_that_no_model_has(local_files_only: bool) -> None:
    with pytest.raises(whisper.ModelError, match=r"is not a name that faster-whisper knows: .*large-v3-turbo"):
        next(load("huge", local_files_only=local_files_only))


@pytest.mark.parametrize(
    ("device", "compute_type", "gpus", "choices"),
    [
        ("auto", "default", 0, [("cpu", "int8")]),
        ("auto", "default", 1, [("cuda", "float16"), ("cuda", "int8_float16"), ("cpu", "int8")]),
        ("auto", "int8", 1, [("cuda", "int8"), ("cpu", "int8")]),
        ("cpu", "default", 1, [("cpu", "int8")]),
        ("cpu", "float32", 0, [("cpu", "float32")]),
        ("cuda", "default", 0, [("cuda", "float16"), ("cuda", "int8_float16")]),
    ],
)
def test_what_is_tried(
    monkeypatch: pytest.MonkeyPatch, device: str, compute_type: str, gpus: int, choices: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: gpus)
    assert loading._choices(device, compute_type) == choices


class Scripted:
    """A `WhisperModel` on a machine with a GPU: `broken` says where it fails, and how."""

    broken: dict[tuple[str, str], str]
    living: "weakref.WeakSet[Scripted]"

    def __init__(self, path: str, *, device: str, compute_type: str, num_workers: int, **_: Any) -> None:
        assert not self.living, "there is no memory for two"
        self.living.add(self)
        self.choice = device, compute_type
        self.model = SimpleNamespace(n_mels=80)
        self.feature_extractor = SimpleNamespace(mel_filters=np.zeros((80, 201)), nb_max_frames=3000)

    def encode(self, features: Any) -> None:
        if reason := self.broken.get(self.choice):
            raise RuntimeError(reason)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Path, dict[tuple[str, str], str]]]:
    """A model's folder, and what does not work on this machine."""
    for name in FILES:
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(loading, "WhisperModel", Scripted)
    broken: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(Scripted, "broken", broken, raising=False)
    monkeypatch.setattr(Scripted, "living", weakref.WeakSet(), raising=False)
    gc.disable()  # what is let go must be gone at once
    yield tmp_path, broken
    gc.enable()


def test_ever_lighter_models_each_when_the_former_is_gone(
    gpu: tuple[Path, dict[tuple[str, str], str]], caplog: pytest.LogCaptureFixture
) -> None:
    folder, _ = gpu
    found, models = [], load(folder)
    with caplog.at_level(logging.WARNING, "livekit.plugins.whisper"):
        for _ in range(3):
            model = next(models)
            found.append((model.name, model.device, model.compute_type))
            del model
        with pytest.raises(whisper.ModelError) as caught:
            next(models)
    names = [(folder.name, *choice) for choice in (("cuda", "float16"), ("cuda", "int8_float16"), ("cpu", "int8"))]
    assert found == names
    assert [record.getMessage() for record in caplog.records] == [
        "Whisper cannot run on cuda as float16 (out of memory): it goes on with int8_float16 on cuda",
        "Whisper cannot run on cuda as int8_float16 (out of memory): it goes on with int8 on cpu",
    ]
    assert "cannot be loaded on cpu as int8 (out of memory): " in str(caught.value)


def test_a_model_that_failed_its_check_is_gone_before_the_next(gpu: tuple[Path, dict[tuple[str, str], str]]) -> None:
    folder, broken = gpu
    broken["cuda", "float16"] = "CUDA failed with error out of memory"
    model = next(load(folder))
    assert (model.device, model.compute_type) == ("cuda", "int8_float16")


def test_a_gpu_that_was_asked_for_and_does_not_work(gpu: tuple[Path, dict[tuple[str, str], str]]) -> None:
    folder, broken = gpu
    broken["cuda", "int8"] = "Library libcublas.so.12 is not found or cannot be loaded.\nSorry."
    with pytest.raises(whisper.ModelError) as caught:
        next(load(folder, device="cuda", compute_type="int8"))
    reason = "cannot be loaded on cuda as int8 (Library libcublas.so.12 is not found or cannot be loaded. Sorry)"
    assert str(caught.value) == f"Whisper model {folder} {reason}: take device='cpu'"


class NoCuda(WhisperModel):  # type: ignore[misc]
    """The real model on a machine whose GPU does not work."""

    def __init__(self, path: str, *, device: str, **options: Any) -> None:
        if device == "cuda":
            raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")
        super().__init__(path, device=device, **options)


@pytest.mark.models
def test_a_gpu_that_does_not_work_leaves_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(loading, "WhisperModel", NoCuda)
    with caplog.at_level(logging.WARNING, "livekit.plugins.whisper"):
        model = next(load(WHISPER_MODEL, cpu_threads=1, workers=1))
    assert (model.device, model.compute_type, model.workers, model.cpu_threads) == ("cpu", "int8", 1, 1)
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        "Whisper cannot run on cuda as float16",
        "Whisper cannot run on cuda as int8_float16",
    ]


@pytest.mark.models
def test_a_compute_type_that_the_device_cannot() -> None:
    with pytest.raises(whisper.ModelError, match="take another compute_type"):
        next(load(WHISPER_MODEL, device="cpu", compute_type="float16"))
