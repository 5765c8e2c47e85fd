"""Real servers for real calls: one stack for all of them."""

from collections.abc import AsyncIterator

import pytest

from support.caller import Caller, call_token
from support.leaks import no_leaked_tasks
from support.stack import Stack, running_stack


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture(scope="module")
async def caller(stack: Stack) -> AsyncIterator[Caller]:
    """Someone in a call who has been greeted: one call that outlives every failure."""
    token, _ = call_token(stack.api_key, stack.api_secret, name="Rose", language="en")
    async with Caller(url=stack.livekit_url, token=token) as calling:
        await calling.agent_joined(timeout_s=20)
        await calling.wait_for_voice(timeout_s=20)
        await calling.wait_for_silence(1.0, timeout_s=30)
        yield calling


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    # The shared caller reads every caption to its end, and one that the companion never ended until it hangs up.
    async with no_leaked_tasks(but="caller"):
        yield
