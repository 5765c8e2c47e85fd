"""Loads a model on the best device that can run it, and on the next best where that fails."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel

from ..download import download
from ..errors import ModelError
from ..locate import is_directory, locate, mending
from ..log import logger

_DEFAULT_COMPUTE_TYPES = {"cuda": ("float16", "int8_float16"), "cpu": ("int8",)}
"""What to compute in, best first."""

MOST_WORKERS = 4


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model in memory, and where and how it computes."""

    whisper: Any
    """A `faster_whisper.WhisperModel`."""
    name: str
    path: Path
    device: str
    compute_type: str
    workers: int
    """Batches that it works on at the same time."""
    cpu_threads: int
    """Threads of one of them, on a CPU."""


def load(
    model: str | Path,
    *,
    device: str = "auto",
    compute_type: str = "default",
    workers: int = 0,
    cpu_threads: int = 1,
    local_files_only: bool = True,
) -> Iterator[Loaded]:
    """Yields the model, loaded as well as this machine can; asked for the next, loaded with less.

    The next is for when memory runs out in a call: a smaller compute type, then the CPU. Blocks for
    seconds. One thread a batch is best on a CPU: more wait for each other whenever another process
    takes a core.

    Args:
        model: a directory with a model in CTranslate2's form; or a name that faster-whisper knows
            ("base", "large-v3-turbo", …) or a Hugging Face repository, already downloaded.
        device: "cpu", "cuda", or "auto": the GPU where one works.
        compute_type: CTranslate2's; "default" takes int8 on a CPU and float16 on a GPU, or
            int8_float16 where that does not fit.
        workers: batches at the same time; 0 takes as many as there are cores, at most 4, and 1 on a GPU.
        cpu_threads: threads of one batch on a CPU.
        local_files_only: False fetches a named model that is not on this machine.

    Raises:
        ModelError: the model is missing, incomplete or corrupt, or nothing here can run it (any more).
    """
    path = _located(model, local_files_only=local_files_only)
    choices = _choices(device, compute_type)
    reason, failed = "", choices[-1]
    for chosen in choices:
        on, kind = chosen
        whisper = None
        if reason:
            logger.warning("Whisper cannot run on %s as %s (%s): it goes on with %s on %s", *failed, reason, kind, on)
        threads = workers or (1 if on == "cuda" else min(MOST_WORKERS, len(os.sched_getaffinity(0))))
        try:
            whisper = WhisperModel(
                str(path),
                device=on,
                compute_type=kind,
                cpu_threads=cpu_threads,
                num_workers=threads,
                local_files_only=True,
            )
            _check(whisper, on)
        except Exception as error:
            # CTranslate2 and the tokenizer raise RuntimeError, ValueError, UnicodeDecodeError and plain Exception.
            reason, failed = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__, chosen
            continue
        yield Loaded(
            whisper=whisper,
            name=path.name if is_directory(model) else str(model),
            path=path,
            device=on,
            compute_type=kind,
            workers=threads,
            cpu_threads=cpu_threads,
        )
        del whisper  # its memory is needed for the next
        reason, failed = "out of memory", chosen
    on, kind = failed
    raise ModelError.about(
        path, reason=f"cannot be loaded on {on} as {kind} ({reason})", mend=_mend(model, on, reason)
    ) from None


def _located(model: str | Path, *, local_files_only: bool) -> Path:
    try:
        return locate(model)
    except ModelError:
        if local_files_only or is_directory(model):
            raise
    logger.info("fetching Whisper model %s", model)
    return download(str(model))


def _choices(device: str, compute_type: str) -> list[tuple[str, str]]:
    """Device and compute type to try, best first."""

    def on(chosen: str) -> list[tuple[str, str]]:
        types = _DEFAULT_COMPUTE_TYPES.get(chosen, ("default",)) if compute_type == "default" else (compute_type,)
        return [(chosen, kind) for kind in types]

    if device == "cpu" or (device == "auto" and ctranslate2.get_cuda_device_count() == 0):
        return on("cpu")
    return [*on("cuda"), ("cpu", "int8")] if device == "auto" else on(device)


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
