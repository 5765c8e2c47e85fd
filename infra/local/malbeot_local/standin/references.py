"""Reference recordings: looked for, measured and otherwise ignored, for the stand-in imitates nobody."""

import os
import struct
from pathlib import Path

from ..cache import Cache, default_root
from .audio import OUTPUT_RATE_HZ, joined, wav
from .engine import Engine

LENGTH_S = (3.0, 10.0)

# The references that the personas name, with the words that they are said to hold.
_OWN = {
    "voices/june.wav": (
        "en",
        "Hello, it is so good to hear your voice today. Shall we sit down and talk for a little while?",
    ),
    "voices/dasom.wav": ("ko", "안녕하세요, 어르신. 오늘도 목소리를 들으니 참 반가워요. 저랑 천천히 이야기 나눠요."),
}


class BadReference(Exception):
    """A reference recording that cannot be used. Its text is what GPT-SoVITS would answer, and may be empty."""


class References:
    """The recordings in a folder, against which relative paths resolve."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.current: str | None = None
        """The path in use: it is not looked at again, even if the file is gone."""

    def use(self, path: str) -> None:
        """Loads `path` if it is there. Raises BadReference."""
        if not os.path.exists(self.folder / path):  # noqa: PTH110 - Path.exists raises for names that are too long
            raise BadReference(f"{path} not exists")
        self.load(path)

    def load(self, path: str) -> None:
        """Reads and measures `path` and makes it the reference. Raises BadReference."""
        shortest, longest = LENGTH_S
        if not shortest <= self._measure(path) <= longest:
            raise BadReference("the reference audio is outside 3 to 10 seconds")
        self.current = path

    def add(self, path: object) -> None:
        """An auxiliary reference: of any length, and skipped where it is missing. Raises BadReference."""
        if not isinstance(path, str | None):
            raise BadReference(f"no path: {type(path).__name__}")
        if path and os.path.exists(self.folder / path):  # noqa: PTH110
            self._measure(path)

    def _measure(self, path: str) -> float:
        try:
            return wav_duration_s(self.folder / path)
        except OSError as error:
            raise BadReference(f"[Errno {error.errno}] {error.strerror}: '{path}'") from error
        except (ValueError, struct.error, ZeroDivisionError) as error:
            raise BadReference("") from error


def own_references(engine: Engine) -> Path:
    """The folder in the cache with the stand-in's own recordings, spoken by `engine` where they are missing.

    Raises LocalError when they cannot be written.
    """
    cache = Cache(default_root(os.environ))
    folder = cache.root / "references"
    for name, (language, text) in _OWN.items():
        if not (folder / name).exists():
            with cache.store(folder / name) as temporary:
                sound = joined(engine.speak(text, text_lang=language, rate_hz=OUTPUT_RATE_HZ))
                temporary.write_bytes(wav(sound, OUTPUT_RATE_HZ))
    return folder


def wav_duration_s(path: Path) -> float:
    """Seconds of sound in a WAV file of any encoding, by its header. Raises OSError, ValueError, struct.error."""
    if path.is_fifo():
        raise ValueError("no file")  # to open it would block until somebody writes
    with path.open("rb") as file:
        riff, _, form = struct.unpack("<4sI4s", file.read(12))
        if (riff, form) != (b"RIFF", b"WAVE"):
            raise ValueError("no WAV file")
        bytes_per_s = 0
        while head := file.read(8):
            name, size = struct.unpack("<4sI", head)
            if name == b"fmt ":
                (bytes_per_s,) = struct.unpack_from("<8xI", file.read(size))
            elif name == b"data":
                return float(min(size, path.stat().st_size - file.tell()) / bytes_per_s)
            else:
                file.seek(size + size % 2, os.SEEK_CUR)
    raise ValueError("no data in the WAV file")
