"""Why no call can begin or end just now, for the caller to read and for a program to act on."""

import math

from fastapi import HTTPException

from malbeot.call import Language
from malbeot.web.places import Full, TooMany, Unavailable
from malbeot.web.sentences import sentence

_RETRY_AFTER_S = 10
"""When it is worth asking again whether a server is back."""

_FULL = sentence("full")
_SERVER_DOWN = sentence("server_down")
_TOO_MANY = sentence("calls_at_once")


def refusal(why: Full | Unavailable, language: Language) -> HTTPException:
    """503, with `Retry-After` and a `reason`: "full" or "server-down"."""
    if isinstance(why, Full):
        reason, sentences, retry_after_s = "full", _FULL, math.ceil(why.retry_after_s)
    else:
        reason, sentences, retry_after_s = "server-down", _SERVER_DOWN, _RETRY_AFTER_S
    return HTTPException(
        503,
        {"message": sentences[language], "reason": reason},
        headers={"Retry-After": str(max(1, retry_after_s))},
    )


def too_many(why: TooMany, language: Language) -> HTTPException:
    """429, with `Retry-After`: whoever asks has calls already, and others want theirs."""
    seconds = max(1, math.ceil(why.retry_after_s))
    said = _TOO_MANY[language].format(most=why.at_once, seconds=seconds)
    return HTTPException(429, said, headers={"Retry-After": str(seconds)})
