"""Finds a model on this machine and checks that its files are there, before anything is loaded.

faster-whisper is imported where it is asked, and not before: a call's own process does without it.
"""

import os
import shlex
import sys
from pathlib import Path

from .errors import ModelError

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_DOWNLOAD = f"{shlex.quote(sys.executable)} -m livekit.plugins.whisper download"


def locate(model: str | Path) -> Path:
    """The directory of a model in CTranslate2's form. Nothing is downloaded.

    Args:
        model: a directory; or a name that faster-whisper knows, or a Hugging Face repository,
            which are looked for in Hugging Face's cache on this machine.

    Raises:
        ModelError: it is not there, or not complete.
    """
    if is_directory(model):
        return checked(Path(model).expanduser(), mend=mending(model))
    from faster_whisper.utils import download_model

    try:
        found = Path(download_model(str(model), local_files_only=True))
    except ValueError:
        raise unknown(str(model)) from None
    except OSError:
        raise ModelError.about(model, reason="is not on this machine", mend=mending(model)) from None
    return checked(found, mend=mending(model))


def checked(path: Path, *, mend: str) -> Path:
    """The same path, if a model's files are in it. Raises `ModelError`."""
    if not path.is_dir():
        raise ModelError.about(path, reason="is not there", mend=mend)
    # faster-whisper would look for a missing tokenizer on the network.
    missing = [name for name in _NEEDED if not (path / name).is_file()]
    if not any(path.glob("vocabulary.*")):
        missing.append("vocabulary.json")
    if missing:
        raise ModelError.about(path, reason=f"has no {' and no '.join(missing)}", mend=mend)
    return path


def is_directory(model: str | Path) -> bool:
    """Whether a directory is meant, which may be missing, and not a name."""
    return isinstance(model, Path) or model.startswith((os.sep, ".", "~")) or Path(model).is_dir()


def mending(model: str | Path) -> str:
    """What to do about a model that is missing or broken."""
    if is_directory(model):
        return f"put a Whisper model in CTranslate2's form there, or run `{_DOWNLOAD} base` and give the name `base`"
    return f"run `{_DOWNLOAD} {model}`"


def unknown(model: str) -> ModelError:
    """No model has this name."""
    from faster_whisper.utils import available_models

    mend = f"give a directory, a Hugging Face repository (owner/name), or one of {', '.join(available_models())}"
    return ModelError.about(model, reason="is not a name that faster-whisper knows", mend=mend)
