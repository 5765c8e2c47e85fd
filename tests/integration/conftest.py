"""Real servers for real calls: one stack for the tests of a module, in the module's event loop."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.leaks import no_leaked_tasks
from support.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("asyncio") is None:
            item.add_marker(pytest.mark.asyncio(loop_scope="module"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield
