"""LiveKit keys of one machine: made on first start, readable by their owner alone, never printed."""

import os
import secrets
from pathlib import Path

from malbeot.errors import MalbeotError

_FILE = "livekit.keys"


def keys_file(state: Path) -> Path:
    """The key file as LiveKit server takes it: one line, `key: secret`."""
    return state / _FILE


def read_keys(state: Path) -> tuple[str, str] | None:
    """API key and secret, or None where none were made yet. Raises `MalbeotError` for a file that is no key file."""
    path = keys_file(state)
    try:
        line = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MalbeotError(
            f"cannot read the LiveKit keys in {path}: {error.strerror}; check who owns it, or set MALBEOT_STATE"
        ) from None
    key, separator, secret = line.partition(": ")
    if not separator or not key or len(secret) < 32 or "\n" in line:
        raise MalbeotError(f"{path} holds no LiveKit key: delete it and run `malbeot up`, which makes a new one")
    return key, secret


def ensure_keys(state: Path) -> tuple[str, str]:
    """The keys of this machine, made now if there are none. Raises `MalbeotError`."""
    if keys := read_keys(state):
        return keys
    key, secret = f"malbeot{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    write_keys(keys_file(state), key, secret)
    return key, secret


def write_keys(path: Path, key: str, secret: str) -> Path:
    """Writes a key file that its owner alone can read, in place of an older one. Raises `MalbeotError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{key}: {secret}\n")
    except OSError as error:
        raise MalbeotError(f"cannot write the LiveKit keys to {path}: {error.strerror}; set MALBEOT_STATE") from None
    return path
