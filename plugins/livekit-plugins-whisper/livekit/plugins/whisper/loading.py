"""Loads a model once for a process, on the best device that can run it."""

import threading
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from livekit.agents.utils.hw import get_cpu_monitor

from .download import download
from .errors import ModelError
from .locate import is_directory, locate, mending
from .log import logger
from .model import Model

_DEFAULT_COMPUTE_TYPES = {"cuda": ("float16", "int8_float16"), "cpu": ("int8",)}
"""What to compute in, best first."""

_lock = threading.Lock()
_shared: WeakValueDictionary[tuple[Path, str, str, int], Model] = WeakValueDictionary()
"""What is loaded, for as long as anyone holds it."""


def load(
    model: str | Path,
    *,
    device: str = "auto",
    compute_type: str = "default",
    cpu_threads: int = 0,
    local_files_only: bool = True,
) -> Model:
    """Loads a model, or returns the one this process has loaded already with the same arguments. Blocks for seconds.

    Args:
        model: a directory with a model in CTranslate2's form; or a name that faster-whisper knows
            ("base", "large-v3-turbo", …) or a Hugging Face repository, already downloaded.
        device: "cpu", "cuda", or "auto": the GPU where one works.
        compute_type: CTranslate2's; "default" takes int8 on a CPU and float16 on a GPU, or
            int8_float16 where that does not fit.
        cpu_threads: threads of one transcription on a CPU; 0 takes as many as there are cores, at most 4.
        local_files_only: False fetches a named model that is not on this machine.

    Raises:
        ModelError: the model is missing, incomplete or corrupt, or the device cannot run it.
    """
    threads = cpu_threads or max(1, min(4, int(get_cpu_monitor().cpu_count())))
    try:
        path = locate(model)
    except ModelError:
        if local_files_only or is_directory(model):
            raise
        logger.info("fetching Whisper model %s", model)
        path = download(str(model))
    with _lock:
        key = (path, device, compute_type, threads)
        shared = _shared.get(key)
        if shared is None:
            shared = _shared[key] = _load(model, path, _choices(device, compute_type), threads)
        return shared


def _choices(device: str, compute_type: str) -> list[tuple[str, str]]:
    """Device and compute type to try, best first."""

    def on(chosen: str) -> list[tuple[str, str]]:
        types = _DEFAULT_COMPUTE_TYPES.get(chosen, ("default",)) if compute_type == "default" else (compute_type,)
        return [(chosen, kind) for kind in types]

    if device != "auto":
        return on(device)
    if ctranslate2.get_cuda_device_count() == 0:
        return on("cpu")
    return [*on("cuda"), ("cpu", "int8")]


def _load(model: str | Path, path: Path, choices: list[tuple[str, str]], threads: int) -> Model:
    for device, compute_type in choices:
        try:
            whisper = WhisperModel(
                str(path), device=device, compute_type=compute_type, cpu_threads=threads, local_files_only=True
            )
            _check(whisper, device)
        except Exception as error:
            # CTranslate2 and the tokenizer raise RuntimeError, ValueError, UnicodeDecodeError and plain Exception.
            reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
            if (device, compute_type) == choices[-1]:
                raise ModelError(
                    path,
                    reason=f"cannot be loaded on {device} as {compute_type} ({reason})",
                    mend=_mend(model, device, reason),
                ) from None
            logger.warning("Whisper cannot run on %s as %s (%s): trying the next best", device, compute_type, reason)
        else:
            name = path.name if is_directory(model) else str(model)
            return Model(whisper, name=name, path=path, device=device, compute_type=compute_type, cpu_threads=threads)
    raise AssertionError("no device to try")


def _mend(model: str | Path, device: str, reason: str) -> str:
    if "compute type" in reason:
        return "take another compute_type"
    return mending(model) if device == "cpu" else "take device='cpu'"


def _check(whisper: Any, device: str) -> None:
    """Raises where the model would fail at the first word and not at loading."""
    bands = whisper.feature_extractor.mel_filters.shape[0]
    wanted = whisper.model.n_mels
    if bands != wanted:
        raise ValueError(f"it takes {wanted} mel bands, and preprocessor_config.json says {bands} or is missing")
    if device == "cuda":
        # A missing CUDA library or too little memory shows only in computation.
        whisper.encode(np.zeros((bands, whisper.feature_extractor.nb_max_frames), np.float32))
