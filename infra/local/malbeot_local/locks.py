"""The lock files: which packages are used, by version and hash."""

import re
from pathlib import Path

from .errors import LocalError

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==")


def lock_file(name: str) -> Path:
    """The lock `name`: in `data` beside this module in an installed wheel, in `infra/locks` in a checkout.

    Raises `LocalError` where the installation lacks it.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "data", package.parent.parent / "locks"):
        if (folder / name).is_file():
            return folder / name
    raise LocalError(f"{name} is missing from the installation in {package}: install malbeot-local again")


def pinned(name: str, packages: frozenset[str]) -> str:
    """The part of the lock `name` that pins `packages`, as a requirements file.

    Raises `LocalError` for a package that the lock does not pin.
    """
    kept: list[str] = []
    found: set[str] = set()
    wanted = False
    for line in lock_file(name).read_text().splitlines():
        if match := _NAME.match(line):
            wanted = match[1] in packages
            found |= {match[1]} & packages
        if wanted and not line.startswith("#"):
            kept.append(line)
    if missing := packages - found:
        raise LocalError(f"{name} does not pin {', '.join(sorted(missing))}: install malbeot-local again")
    return "\n".join(kept) + "\n"
