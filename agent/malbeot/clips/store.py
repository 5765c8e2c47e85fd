"""Clips on disk: by text, voice and its parameters, and by who spoke; the least used go when there are too many."""

import contextlib
import hashlib
import os
import shutil
import time
import wave
from pathlib import Path

from livekit.plugins import gpt_sovits

from malbeot.clips.clip import Clip
from malbeot.persona import Persona
from malbeot.settings import Settings
from malbeot_local.cache import Cache

_MOST_BYTES = 64 * 1024 * 1024
"""A greeting of 6 s at 32 kHz takes 0.4 MB: some 150 callers who are greeted by name."""

_LEFT_S = 3600.0
"""Nobody takes so long to write one."""


class ClipStore:
    """What one persona's voice has said. Files are shared by all processes of this machine."""

    def __init__(self, settings: Settings, persona: Persona, *, speaker: str, most_bytes: int = _MOST_BYTES) -> None:
        """`speaker` tells apart who speaks with the voice, as the stand-in and GPT-SoVITS do."""
        self._cache = Cache(settings.malbeot_cache)
        # How numbers and the like are read changes from version to version.
        parts = [speaker, persona.spoken_by.model_dump_json(), persona.text_lang, gpt_sovits.__version__]
        self._key = "\0".join(parts)
        self._most_bytes = most_bytes

    def has(self, text: str) -> bool:
        """Whether it was said before."""
        return self._path(text).exists()

    def load(self, text: str) -> Clip | None:
        """What was said in these words; None where nothing was, or it cannot be read."""
        path = self._path(text)
        with contextlib.suppress(OSError, EOFError, wave.Error, ValueError):
            clip = Clip.read(path)
            if not len(clip.samples):
                return None
            with contextlib.suppress(OSError):
                os.utime(path)  # the least recently used go first
            return clip
        return None

    def store(self, text: str, clip: Clip) -> None:
        """Keeps it. Raises `LocalError` where the disk is full or may not be written."""
        path = self._path(text)
        with self._cache.store(path) as temporary:
            clip.write(temporary)
            temporary.chmod(0o600)  # greetings hold names
        self._shrink(path)

    def _path(self, text: str) -> Path:
        key = hashlib.sha256(f"{self._key}\0{text}".encode()).hexdigest()[:32]
        return self._cache.clips / f"{key}.wav"

    def _shrink(self, newest: Path) -> None:
        for left in self._cache.clips.glob(".*.tmp-*"):  # by a process that was killed as it wrote
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _LEFT_S:
                    shutil.rmtree(left, ignore_errors=True)
        files = []
        for path in self._cache.clips.glob("*.wav"):
            with contextlib.suppress(OSError):  # another process has removed it
                found = path.stat()
                files.append((path == newest, found.st_mtime, found.st_size, path))
        size = sum(file[2] for file in files)
        for is_newest, _, bytes_, path in sorted(files):
            if size <= self._most_bytes or is_newest:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            size -= bytes_
