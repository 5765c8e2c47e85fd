"""What goes wrong on the wire, in LiveKit's words: one clear line each, and a retry only where it can help."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence

import aiohttp
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from .wav import WavError

_LONGEST_DETAIL = 200  # characters of a server's own words


class NotSpeechError(Exception):
    """A 200 that carries no speech.

    `retryable`: whether asking again can help. `text_at_fault`: whether the text or the voice, and not the server,
    may be why.
    """

    def __init__(self, message: str, *, retryable: bool, text_at_fault: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.text_at_fault = text_at_fault


class NoSoundError(APIConnectionError):
    """The server took the text and gave no sound: it, the text or the voice may be at fault."""


class EarlyEndError(APIConnectionError):
    """The speech ended, in all form, sooner than its text can be spoken."""


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
        kind = NoSoundError if error.text_at_fault else APIConnectionError
        raise kind(f"{address} {error}", retryable=error.retryable and not speaking()) from None
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
        if speaking():
            raise APIConnectionError(f"{address} broke off within the speech", retryable=False) from None
        raise NoSoundError(
            f"{address} broke off before any sound: "
            "is a recording of 3 to 10 s at the voice's ref_audio_path on the server?"
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        raise APIConnectionError(f"the connection to {address} failed", retryable=not speaking()) from error


def status_error(address: str, status: int, body: bytes, *, text: str) -> APIError:
    """The error for a reply that is not 200. `text`, what was to be said, never appears in it; it may be empty."""
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
    line = " ".join(_without_words_of(text, "; ".join(parts)).split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"


def _without_words_of(text: str, said: str) -> str:
    """`said` without `text` and without its words, save short ones, which tell nothing by themselves.

    A server may quote a part of the text only, or in other letters.
    """
    words = {word for word in re.findall(r"\w+", text.lower()) if len(word) >= (4 if word.isascii() else 2)}
    if text:
        said = said.replace(text, "…")
    return re.sub(r"\w+", lambda found: "…" if found[0].lower() in words else found[0], said)


def helps_elsewhere(error: APIError) -> bool:
    """Whether another replica may do what this one did not.

    A 422 is about the request itself. A 400 can be too, and can be about a file that another has.
    """
    return not (isinstance(error, APIStatusError) and error.status_code == 422)


def may_be_the_texts_fault(error: APIError) -> bool:
    """Whether every replica might answer this text, or this voice, in the same way."""
    return isinstance(error, NoSoundError) or (isinstance(error, APIStatusError) and error.status_code in (400, 422))


def outcome(error: APIError) -> str:
    """A word for how a request failed, for metrics."""
    match error:
        case APITimeoutError():
            return "timeout"
        case NoSoundError():
            return "no_sound"
        case EarlyEndError():
            return "early_end"
        case APIStatusError():
            return str(error.status_code)
        case _:
            return "connection"


def combined(reasons: Sequence[str], errors: Sequence[APIError]) -> APIError:
    """One error for all replicas. `reasons`: a line each. `errors`: what those that were asked answered.

    Retryable where one answer was, or where some were not asked; never where the request itself is at fault.
    """
    message = "no voice replica spoke: " + "; ".join(reasons)
    asked_all = len(errors) == len(reasons)
    retryable = all(map(helps_elsewhere, errors)) and (not asked_all or any(error.retryable for error in errors))
    if all(isinstance(error, APITimeoutError) for error in errors):
        return APITimeoutError(message, retryable=retryable)
    statuses = [error.status_code for error in errors if isinstance(error, APIStatusError)]
    if asked_all and len(statuses) == len(errors):
        # A 4xx can never be retryable.
        status = next((status for status in statuses if retryable and status >= 500), statuses[-1])
        return APIStatusError(message, status_code=status, retryable=retryable)
    return APIConnectionError(message, retryable=retryable)
