"""A real browser before real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from support.leaks import no_leaked_tasks
from support.personas import reserved_prompts
from support.speech import Speech
from support.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
async def unattended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """LiveKit and the page, and no companion to answer."""
    async with running_stack(tmp_path_factory.mktemp("state"), roles=("livekit", "web")) as running:
        yield running


@pytest.fixture(scope="session")
async def attended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Everything that a call needs, the companion included: started once, for all calls of all tests here."""
    folder = tmp_path_factory.mktemp("attended")
    prompts = str(reserved_prompts(folder, briefly=False))  # a greeting whose caption can be watched growing
    async with running_stack(folder, env={"MALBEOT_PROMPTS": prompts}) as running:
        yield running


@pytest.fixture(scope="session")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The microphone of a caller who says nothing."""
    return Speech(np.zeros(16000, np.int16), 16000).to_wav(tmp_path_factory.mktemp("silence") / "silence.wav")


@pytest.fixture(autouse=True)
async def leaks() -> AsyncIterator[None]:
    async with no_leaked_tasks():
        yield
