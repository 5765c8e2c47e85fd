"""Fetches a model from the Hugging Face hub into its cache on this machine."""

from pathlib import Path

from .errors import ModelError
from .locate import checked, unknown


def download(model: str) -> Path:
    """Fetches a model, or what of it is missing, and returns its directory. Blocks for as long as that takes.

    Args:
        model: a name that faster-whisper knows ("base", "large-v3-turbo", …) or a Hugging Face
            repository that holds a Whisper model in CTranslate2's form.

    Raises:
        ModelError: no model has this name, the hub does not answer, or the disk is full.
    """
    from faster_whisper.utils import available_models, download_model

    if "/" not in model and model not in available_models():
        raise unknown(model)
    try:
        path = Path(download_model(model))
    except Exception as error:
        # The hub's client lets errors of its HTTP library, of the disk and of its own through.
        reason = str(error).split("\n")[0] or type(error).__name__
        raise ModelError.about(
            model, reason=f"could not be fetched ({reason})", mend="check the network and the disk, then try again"
        ) from None
    return checked(path, mend="name a repository that holds a Whisper model in CTranslate2's form")
