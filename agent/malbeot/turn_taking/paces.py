"""How each caller pauses, kept between calls.

One small file a caller in `paces/` of the state folder. Its name is a hash of the caller's: the folder says of nobody
that they have called, and the files hold three numbers. All of it blocks: call it in a thread. Nothing here raises;
a call goes on without a pace.
"""

import json
import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from livekit.plugins.turns import Pace
from malbeot.kept_files import changed_at, why
from malbeot.log import logger

_MOST_FILES = 10_000
_MOST_BYTES = 1000


def load(state: Path, caller: str) -> Pace:
    """The pace of `caller`, any text that names one person: the usual one where none is kept, or it cannot be read."""
    if not caller:
        return Pace()
    path = _path(state, caller)
    try:
        with path.open("rb") as file:
            return Pace.from_json(json.loads(file.read(_MOST_BYTES)))
    except FileNotFoundError:
        return Pace()
    except (OSError, ValueError, RecursionError) as error:
        logger.warning("cannot read a caller's pace in %s, taking the usual one: %s", path.parent, why(error))
        return Pace()


def keep(state: Path, caller: str, pace: Pace) -> None:
    """Keeps `pace` for the next call of `caller`; nothing where that is empty.

    The file is replaced as a whole and only its owner may read it. Beyond 10,000 the oldest are deleted.
    """
    if not caller:
        return
    path = _path(state, caller)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, json.dumps(pace.as_json()))
        _delete_oldest(path.parent)
    except OSError as error:
        logger.warning("cannot keep a caller's pace in %s: %s", path.parent, why(error))


def _path(state: Path, caller: str) -> Path:
    return state / "paces" / f"{sha256(caller.encode('utf-8', 'surrogatepass')).hexdigest()}.json"


def _write(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)  # mode 0600
    written = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        written.replace(path)
    except OSError:
        with suppress(OSError):
            written.unlink()
        raise


def _delete_oldest(folder: Path) -> None:
    """Other calls may do the same at the same time, so that a file may be gone."""
    kept = list(folder.iterdir())
    if len(kept) <= _MOST_FILES:
        return
    for file in sorted(kept, key=changed_at)[: len(kept) - _MOST_FILES]:
        file.unlink(missing_ok=True)
