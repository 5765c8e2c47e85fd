"""Why a stage has failed, in words that a log may hold."""

from livekit.agents import APIError, APIStatusError

_OURS = ("ollama", "GPT-SoVITS")
"""Providers whose plugins of ours never quote what was said."""


def reason(error: BaseException, provider: str) -> str:
    """An error of `provider` in a few words. Other servers' own may quote what was said: of those its kind alone."""
    if isinstance(error, APIError) and provider in _OURS:
        return error.message
    return f"{type(error).__name__} {error.status_code if isinstance(error, APIStatusError) else ''}".strip()
