"""What can go wrong, and how it reads to LiveKit."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from livekit.agents import APIConnectionError, APIError, APITimeoutError


class EngineError(Exception):
    """The engine cannot be started or reached. The message is one line: what, why, and what mends it."""


class ModelError(EngineError):
    """A model cannot be used. The message is one line: the model, the reason, and what mends it."""

    @classmethod
    def about(cls, model: str | Path, *, reason: str, mend: str) -> "ModelError":
        """`reason` is the rest of a sentence about the model, `mend` what to do."""
        return cls(f"Whisper model {model} {reason}: {mend}")


class RefusedError(EngineError):
    """The engine does not take such a question; asking again would not help."""


class BusyError(Exception):
    """So many questions wait at the engine that it does not take this one."""


class ReplacedError(Exception):
    """A newer question of the same call took the place of this one."""


@contextmanager
def livekit_errors() -> Iterator[None]:
    """Raises what goes wrong inside as an `APIError`, the only kind after which LiveKit goes on listening.

    A model that cannot be used stays so, as does a question that is refused: these are not tried again.
    """
    try:
        yield
    except APIError:
        raise
    except (ModelError, RefusedError) as error:
        raise APIConnectionError(str(error), retryable=False) from None
    except EngineError as error:
        raise APIConnectionError(str(error)) from None
    except BusyError:
        raise APIConnectionError("the Whisper engine is busy: too many calls speak at once") from None
    except TimeoutError:
        raise APITimeoutError("the Whisper engine does not answer") from None
    except aiohttp.ClientError as error:
        reason = str(error) or type(error).__name__
        raise APIConnectionError(f"the connection to the Whisper engine broke: {reason}") from None
    except (OSError, ValueError) as error:
        # Such a message may quote what was said.
        raise APIConnectionError(f"the Whisper engine cannot be used ({type(error).__name__})") from None
