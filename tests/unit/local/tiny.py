"""Tiny stand-ins for the real things: packages that carry a model, and programs that tell a version."""

import hashlib
import zipfile
from pathlib import Path

from malbeot_local.cache import Cache

PARTS = {"tiny-model-1": bytes(range(256)) * 400, "tiny-model-2": b"the rest" * 12800}
"""What the two packages of the tiny model carry, some 100 kB each."""
WHOLE = b"".join(PARTS.values())


def write_wheel(folder: Path, package: str, members: dict[str, bytes]) -> None:
    """A wheel as pip takes it, stored, so that its size is that of its members."""
    name = package.replace("-", "_")
    information = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for member, content in members.items():
            wheel.writestr(f"{name}/{member}", content)
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")


def lock_of(folder: Path) -> str:
    """A lock file that pins the wheels in `folder`."""
    lines = []
    for wheel in sorted(folder.glob("*.whl")):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{wheel.name.split('-')[0].replace('_', '-')}==1.0 \\\n    --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


def write_program(path: Path, answer: str, *, status: int = 0) -> Path:
    """A fake program that prints `answer`, whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def leftovers(cache: Cache) -> list[Path]:
    """Whatever a failed step has left in the cache, lock files aside."""
    return [path for path in cache.root.rglob("*") if path.is_file() and ".locks" not in path.parts]


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


def clear(folder: Path) -> None:
    """Takes every file out of a folder."""
    for path in folder.iterdir():
        path.unlink()
