from collections.abc import Iterator

import pytest

from support.standin import Standin, running_standin


@pytest.fixture(scope="session")
def standin() -> Iterator[Standin]:
    with running_standin() as running:
        yield running
