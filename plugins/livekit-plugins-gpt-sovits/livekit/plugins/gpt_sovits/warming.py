"""A word from each replica before callers hear it: the first request of a server takes many times as long as others.

Nobody waits for that word, and a server that is not up yet fails at it: its failures are not held against the replica,
which would be left alone just as it comes up.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence

import aiohttp
from livekit.agents import APIError

from .replica import Replica, Turn
from .voice import Voice

_LONGEST_S = 60.0
"""To wait for a replica in use, and for each step of a warm-up: loading a model on a CPU takes 24 s."""
_POLL_S = 0.01
_WORDS = {"ko": "안녕하세요.", "ja": "こんにちは。", "zh": "你好。", "yue": "你好。"}


def assign(replicas: Sequence[Replica], voices: Sequence[Voice]) -> list[tuple[Replica, list[Voice]]]:
    """For each replica, voices of one pair of weights, one a language: the pair it holds, else one in turn."""
    pairs: dict[tuple[str, str], dict[str, Voice]] = {}
    for voice in voices:
        pairs.setdefault((voice.gpt_weights, voice.sovits_weights), {}).setdefault(voice.text_lang, voice)
    records = {replica: replica.look() for replica in replicas}
    held = {
        replica: (record.gpt_weights, record.sovits_weights)
        for replica, record in records.items()
        if record.gpt_weights and (record.gpt_weights, record.sovits_weights) in pairs
    }
    # Those that no replica holds yet come first.
    turns = itertools.cycle(sorted(pairs, key=lambda pair: pair in held.values()))
    assigned = []
    for replica in replicas if pairs else ():
        pair = held.get(replica) or next(turns)
        assigned.append((replica, list(pairs[pair].values())))
    return assigned


async def warm(replica: Replica, voices: Sequence[Voice], session: aiohttp.ClientSession) -> list[str]:
    """Says a word in each of `voices` whose language is cold; a line for each that failed."""
    failures = []
    for voice in voices:
        try:
            failure = await _warm(replica, voice, session)
        except APIError as error:
            failure = error.message
        if failure:
            failures.append(failure)
    return failures


async def _warm(replica: Replica, voice: Voice, session: aiohttp.ClientSession) -> str:
    turn = await _take(replica, voice)
    if turn is None:
        return "" if replica.look().is_warm(voice) else f"{replica.name} was busy for {_LONGEST_S:.0f} s"
    if turn.record.is_warm(voice) or not turn.record.can_speak(voice):
        turn.leave()
        if turn.record.is_warm(voice):
            return ""
        return f"{replica.name} was switched to the weights of another voice, and this voice names none"
    word = _WORDS.get(voice.text_lang.removeprefix("all_"), "Hello.")
    reply = None
    try:
        reply = await turn.speak(session, word, voice, timeout_s=_LONGEST_S, first_byte_s=_LONGEST_S)
        async for _ in reply.pieces():
            pass
    except APIError as error:
        if reply is None:
            turn.fail(error, voice, counted=False)
        raise
    finally:
        if reply is not None:
            turn.end(reply, voice, counted=False)
        turn.leave()
    return ""


async def _take(replica: Replica, voice: Voice) -> Turn | None:
    """None where somebody else warmed it meanwhile, or keeps it too long."""
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < _LONGEST_S:
        if turn := replica.take():
            return turn
        if replica.look().is_warm(voice):
            return None
        await asyncio.sleep(_POLL_S)
    return None
