"""Fetches what Malbeot needs on this machine: the servers and the embedded models."""

from typing import Literal

from . import livekit, models, ollama
from .cache import Cache
from .errors import LocalError
from .progress import Report

What = Literal["servers", "models", "all"]


async def fetch(what: What, cache: Cache, report: Report) -> None:
    """Makes sure of the servers, the embedded models or both. Raises `LocalError`."""
    if what in ("servers", "all"):
        await livekit.ensure(cache, report)
        await ollama.ensure(cache, report)
    if what in ("models", "all"):
        await models.ensure(cache, report)


def verify(cache: Cache, report: Report) -> None:
    """Reports each server and model. Raises `LocalError` where something is missing or corrupt. It blocks."""
    broken = 0
    for title, search in (("LiveKit server", livekit.search(cache)), ("Ollama", ollama.search(cache))):
        for line in search.ignored:
            report(line)
        if search.found:
            report(f"{title} {search.found.version}: {search.found.path}")
        else:
            broken += 1
            report(f"{title}: missing")
    for name, reason in models.verify(cache).items():
        broken += reason is not None
        report(f"model {name}: {reason or 'whole'}")
    if broken:
        raise LocalError(f"{broken} of 5 are missing or corrupt: run `python -m malbeot_local fetch`")
