"""No test leaves a task behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_GRACE_S = 1.0


@asynccontextmanager
async def no_leaked_tasks(*, but: str = "") -> AsyncIterator[None]:
    """Fails where a task that was begun inside is still running a second after its end.

    Tasks named `but` may: somebody who outlives the test has begun them in it, and ends them.
    """
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if not but or task.get_name() != but}
    left.discard(asyncio.current_task())  # type: ignore[arg-type]
    if left:
        _, left = await asyncio.wait(left, timeout=_GRACE_S)
    assert not left, f"tasks left behind: {[task.get_name() + ' ' + str(task.get_coro()) for task in left]}"
