"""A real browser before real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.leaks import no_leaked_tasks
from support.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="module")
async def unattended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """LiveKit and the page, and no companion to answer."""
    async with running_stack(tmp_path_factory.mktemp("state"), roles=("livekit", "web")) as running:
        yield running


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield
