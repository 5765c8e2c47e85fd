"""The key that signs invitations: made on first use, readable by its owner alone, never printed.

Web processes on several machines take the same invitations where they have the same file. Without the file no
invitation is good: deleting it takes all of them back.
"""

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path

from malbeot.errors import MalbeotError

_KEY = re.compile(r"[A-Za-z0-9_-]{43,}")
"""At least 32 random bytes, as HS256 wants them (RFC 7518, 3.2)."""


def key_file(state: Path) -> Path:
    return state / "invitations.key"


def read_key(state: Path) -> str | None:
    """The key, or None where none was made yet. Raises `MalbeotError` for a file that cannot be read or holds none."""
    path = key_file(state)
    try:
        key = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MalbeotError(
            f"cannot read the key of invitations in {path}: {error.strerror}; check who owns it, or set MALBEOT_STATE"
        ) from None
    except UnicodeDecodeError:
        key = ""
    if not _KEY.fullmatch(key):
        raise MalbeotError(
            f"{path} holds no key of invitations: delete it, and the next `malbeot invite` makes a new one; "
            "invitations given before are then void"
        )
    return key


def ensure_key(state: Path) -> str:
    """The key, made now if there is none: by one process, where several do so at once. Raises `MalbeotError`."""
    while (key := read_key(state)) is None:
        try:
            _make(key_file(state))
        except OSError as error:
            raise MalbeotError(
                f"cannot write the key of invitations to {key_file(state)}: {error.strerror}; set MALBEOT_STATE"
            ) from None
    return key


def _make(path: Path) -> None:
    """The file appears whole or not at all, and never in place of another."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its key holds
            os.link(name, path)
    finally:
        Path(name).unlink()
