"""Ollama's and its transport's errors as LiveKit's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

import ollama


@contextmanager
def livekit_errors(*, url: str, model: str) -> Iterator[None]:
    """Raises what goes wrong inside as an `APIError` whose message is one line: what, why, what to do.

    The line never holds what was asked or answered. The original error is left out of the chain,
    because LiveKit prints the innermost message of a chain and that one names no remedy.
    """
    try:
        yield
    except APIError:
        raise
    except ollama.ResponseError as error:
        raise _status_error(error, url, model) from None
    except (TimeoutError, httpx.TimeoutException):
        raise APITimeoutError(f"Ollama at {url} did not answer in time: `ollama ps` shows what it is doing") from None
    except (ConnectionError, httpx.ConnectError):
        raise APIConnectionError(f"Ollama at {url} is not reachable: start it with `ollama serve`") from None
    except httpx.TransportError as error:
        raise APIConnectionError(
            f"Ollama at {url} broke off the connection ({type(error).__name__}): see its log"
        ) from None
    except (ValueError, TypeError, AttributeError, KeyError):
        # JSON that is none, or not of the shape of an answer: their messages would quote the answer.
        raise APIConnectionError(
            f"what answers at {url} does not speak Ollama's interface: check that the address is Ollama's"
        ) from None


def _status_error(error: ollama.ResponseError, url: str, model: str) -> APIStatusError:
    # A failure in the middle of an answer comes as a line of the stream, after status 200.
    status = error.status_code if error.status_code > 0 else 500
    reason = _reason(error.error)
    if status == 404 and "model" in reason:
        line = f"Ollama at {url} has no model {model!r}: run `ollama pull {model}`"
    elif status == 404:
        line = f"{url} answers 404 to Ollama's interface: check that the address is Ollama's"
    else:
        line = f"Ollama at {url} failed with {model!r} ({status}: {reason}): see its log"
    return APIStatusError(line, status_code=status)


def _reason(body: str) -> str:
    """Ollama's own words from an error body, on one line of bounded length."""
    with suppress(ValueError, KeyError, TypeError):
        body = json.loads(body)["error"]
    return " ".join(str(body).split())[:200]
