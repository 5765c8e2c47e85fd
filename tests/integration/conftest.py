"""Real servers for real calls: one stack for all of them."""

from collections.abc import AsyncIterator

import pytest

from support.leaks import no_leaked_tasks
from support.stack import Stack, running_stack


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield
