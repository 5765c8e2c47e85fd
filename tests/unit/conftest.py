from collections.abc import AsyncIterator

import pytest

from support.leaks import no_leaked_tasks


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield
