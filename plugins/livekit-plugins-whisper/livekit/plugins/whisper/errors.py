"""What can go wrong, and how it reads to LiveKit."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livekit.agents import APIConnectionError, APIError


class ModelError(Exception):
    """A model cannot be used. The message is one line: the model, the reason, and what mends it."""

    def __init__(self, model: str | Path, *, reason: str, mend: str) -> None:
        super().__init__(f"Whisper model {model} {reason}: {mend}")
        self.model = model
        """Its directory, or its name where that is all there is."""
        self.reason = reason
        """What is wrong, as the rest of a sentence about the model."""
        self.mend = mend
        """What to do. A program that knows a better way can say that instead."""


@contextmanager
def livekit_errors(model: str) -> Iterator[None]:
    """Raises what goes wrong inside as an `APIError`, the only kind after which LiveKit goes on listening.

    A model that cannot be used stays so, and is not tried again.
    """
    try:
        yield
    except APIError:
        raise
    except ModelError as error:
        raise APIConnectionError(str(error), retryable=False) from None
    except Exception as error:
        # The engine's messages name shapes and devices, never what was said.
        reason = " ".join(str(error).split())[:200]
        raise APIConnectionError(f"Whisper {model} failed to recognise: {reason or type(error).__name__}") from None
