"""Which Whisper model is meant by the settings."""

from pathlib import Path

from malbeot.settings import AUTO, EMBEDDED, Settings
from malbeot_local import models as local_models
from malbeot_local.cache import Cache


def whisper_model(settings: Settings) -> str | Path:
    """A faster-whisper model name, or the directory of a model on this machine.

    A value that begins with `/`, `.` or `~` is a directory, so that a missing one is reported as
    such and not looked for on a hub.
    """
    value = settings.whisper_model
    if value == EMBEDDED:
        return local_models.whisper_base(Cache(settings.malbeot_cache))
    if value == AUTO:
        return "large-v3-turbo" if _has_gpu(settings) else "base"
    return Path(value).expanduser() if value[0] in "/.~" else value


def _has_gpu(settings: Settings) -> bool:
    if settings.whisper_device != "auto":
        return settings.whisper_device == "cuda"
    import ctranslate2

    return bool(ctranslate2.get_cuda_device_count() > 0)
