"""A worker answers as many calls as it may, also those that come in the same instant, and no more."""

import asyncio
from pathlib import Path

import pytest

from support.caller import Caller, call_token
from support.stack import Stack, running_stack

ROLES = ("livekit", "ears", "ollama", "voice", "worker")


async def is_answered(stack: Stack, everybody_called: asyncio.Barrier) -> bool:
    token, _ = call_token(stack.api_key, stack.api_secret, language="en")
    async with Caller(url=stack.livekit_url, token=token) as caller:
        try:
            await caller.agent_joined(timeout_s=15)
            answered = True
        except TimeoutError:
            answered = False
        await everybody_called.wait()
        return answered


@pytest.mark.parametrize("places", [1, 3])
async def test_calls_that_come_at_once(tmp_path: Path, places: int) -> None:
    """One more than there are places, to a worker that has had no call yet."""
    async with running_stack(tmp_path, roles=ROLES, env={"MAX_CALLS": str(places)}) as stack:
        callers = places + 1
        barrier = asyncio.Barrier(callers)
        answers = await asyncio.gather(*(is_answered(stack, barrier) for _ in range(callers)))
        assert answers.count(True) == places
        assert stack.log("worker").count("a call is refused") == 1
