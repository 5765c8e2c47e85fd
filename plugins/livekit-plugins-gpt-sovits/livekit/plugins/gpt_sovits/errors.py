"""What goes wrong on the wire, in LiveKit's words: one clear line each, and a retry only where it can help."""

import contextlib
import json
from collections.abc import Callable, Iterator

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from .wav import WavError

_LONGEST_DETAIL = 200  # characters of a server's own words


class NotSpeechError(Exception):
    """A 200 that carries no speech. `retryable`: whether asking again can help."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


@contextlib.contextmanager
def mapped_errors(address: str, *, timeout_s: float, speaking: Callable[[], bool]) -> Iterator[None]:
    """Turns what aiohttp, asyncio and the WAV reader raise into `livekit.agents.APIError`s that name `address`.

    `speaking` tells whether sound has gone out: from then on a retry would say words twice, so nothing is retryable.
    An `APIError` passes unchanged; so does cancellation. Where the library's own words span lines, they are left out.
    """
    try:
        yield
    except APIError:
        raise
    except TimeoutError as error:
        raise APITimeoutError(
            f"{address} was silent for {timeout_s:g} s {'within' if speaking() else 'before'} the speech: "
            "is the voice server overloaded, or still loading?",
            retryable=not speaking(),
        ) from error
    except NotSpeechError as error:
        raise APIConnectionError(f"{address} {error}", retryable=error.retryable and not speaking()) from None
    except WavError as error:
        raise APIConnectionError(
            f"{address} sent a body that is no speech: {error}; is this GPT-SoVITS' api_v2?", retryable=False
        ) from None
    except aiohttp.ClientConnectorError as error:
        raise APIConnectionError(f"cannot connect to {address}: is the voice server running there?") from error
    except aiohttp.ClientResponseError:
        raise APIConnectionError(
            f"{address} does not speak HTTP as expected: is this GPT-SoVITS' api_v2?", retryable=False
        ) from None
    except aiohttp.ClientPayloadError:
        hint = "within the speech"
        if not speaking():
            hint = "before any sound: is a recording of 3 to 10 s at the voice's ref_audio_path on the server?"
        raise APIConnectionError(f"{address} broke off {hint}", retryable=not speaking()) from None
    except (aiohttp.ClientError, OSError) as error:
        raise APIConnectionError(f"the connection to {address} failed", retryable=not speaking()) from error


def status_error(address: str, status: int, body: bytes, *, text: str) -> APIError:
    """The error for a reply that is not 200. `text`, what was to be said, never appears in it."""
    message = f"{address} answered {status}"
    if detail := _detail(body, text):
        message += f": {detail}"
    if status == 499:  # the framework takes an APIStatusError of 499 for a quiet end
        return APIConnectionError(message)
    # api_v2 redirects nowhere; what does (1xx to 3xx) is something else and stays so.
    return APIStatusError(message, status_code=status, retryable=status >= 400)


def _detail(body: bytes, text: str) -> str:
    """The server's own words on one line: from `{"message": …, "Exception": …}` or `{"detail": […]}`, else ""."""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    parts = [str(answer[key]) for key in ("message", "Exception") if answer.get(key)]
    detail = answer.get("detail")
    for item in detail if isinstance(detail, list) else []:
        if isinstance(item, dict):  # "input" repeats what was sent, the text too: left out
            parts.append(f"{'.'.join(str(part) for part in item.get('loc', ()))}: {item.get('msg', '')}")
    line = " ".join("; ".join(parts).replace(text, "…").split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"
