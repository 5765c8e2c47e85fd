"""Where a Whisper model is looked for, on what it runs, and what is said when it cannot be loaded."""

import gc
import logging
from pathlib import Path
from typing import Any

import ctranslate2
import pytest
from faster_whisper import WhisperModel
from livekit.plugins import whisper

from livekit.plugins.whisper import loading
from support.speech import WHISPER_MODEL

DOWNLOAD = "`python -m livekit.plugins.whisper download base`"


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(whisper.ModelError) as caught:
        whisper.load(str(tmp_path / "nowhere"), local_files_only=False)
    error = caught.value
    assert (error.model, error.reason) == (tmp_path / "nowhere", "is not there")
    assert str(error) == f"Whisper model {tmp_path / 'nowhere'} is not there: {error.mend}"
    assert DOWNLOAD in error.mend


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_directory_with_a_file_missing(tmp_path: Path, missing: str) -> None:
    for name in {"model.bin", "config.json", "tokenizer.json", "vocabulary.json"} - {missing}:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(whisper.ModelError, match=f"has no {missing}:"):
        whisper.load(tmp_path)


@pytest.fixture
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("empty_hub_cache")
def test_a_name_that_is_not_on_this_machine() -> None:
    with pytest.raises(whisper.ModelError) as caught:
        whisper.load("base")
    assert str(caught.value) == f"Whisper model base is not on this machine: run {DOWNLOAD}"


@pytest.mark.parametrize("local_files_only", [True, False])
def test_a_name_that_no_model_has(local_files_only: bool) -> None:
    with pytest.raises(whisper.ModelError, match=r"is not a name that faster-whisper knows: .*large-v3-turbo"):
        whisper.load("huge", local_files_only=local_files_only)


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
        model = whisper.load(WHISPER_MODEL, cpu_threads=1)
    assert (model.device, model.compute_type, model.cpu_threads) == ("cpu", "int8", 1)
    assert [record.getMessage().split(" (")[0] for record in caplog.records] == [
        "Whisper cannot run on cuda as float16",
        "Whisper cannot run on cuda as int8_float16",
    ]
    with pytest.raises(whisper.ModelError, match=r"libcublas.*take device='cpu'"):
        whisper.load(WHISPER_MODEL, device="cuda")


@pytest.mark.models
def test_a_model_that_nobody_holds_is_given_up() -> None:
    model = whisper.load(WHISPER_MODEL, cpu_threads=1)
    assert whisper.load(str(WHISPER_MODEL), cpu_threads=1) is model
    count = len(loading._shared)
    del model
    gc.collect()
    assert len(loading._shared) == count - 1


@pytest.mark.models
def test_a_compute_type_that_the_device_cannot() -> None:
    with pytest.raises(whisper.ModelError, match="take another compute_type"):
        whisper.load(WHISPER_MODEL, device="cpu", compute_type="float16")
