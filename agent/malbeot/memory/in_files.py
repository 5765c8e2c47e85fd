"""Conversations in files, for the processes of one machine."""

import asyncio
import os
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from livekit.agents import llm

from malbeot.kept_files import changed_at, why
from malbeot.log import logger
from malbeot.memory.conversations import KEPT_S, encoded, newest

MOST_FILES = 1000
_MOST_BYTES = 1_000_000
"""Of one file: six bytes a character of what is kept, several times. What is larger is begun anew with the newest."""


class InFiles:
    """One file each in `folder`, which only their owner may read. Lines are appended in one step: no lock is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def recall(self, key: str) -> list[llm.ChatMessage]:
        return await asyncio.to_thread(self._recall, key)

    async def add(self, key: str, messages: Sequence[llm.ChatMessage]) -> None:
        if lines := encoded(messages):
            await asyncio.to_thread(self._add, key, lines)

    async def forget_old(self) -> None:
        """Deletes what is over for an hour, and the oldest beyond `MOST_FILES`."""
        await asyncio.to_thread(self._forget_old)

    def _recall(self, key: str) -> list[llm.ChatMessage]:
        path = self._path(key)
        try:
            return [] if _is_old(path) else newest(path.read_bytes().splitlines())
        except FileNotFoundError:
            return []
        except OSError as error:
            logger.warning("cannot recall a conversation from %s: %s", self._folder, why(error))
            return []

    def _add(self, key: str, lines: Sequence[str]) -> None:
        path = self._path(key)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and (_is_old(path) or path.stat().st_size > _MOST_BYTES):
                lines = [*encoded(self._recall(key)), *lines]
                path.unlink(missing_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, "".join(f"{line}\n" for line in lines).encode())
            finally:
                os.close(file)
        except OSError as error:
            logger.warning("cannot keep a conversation in %s: %s", self._folder, why(error))

    def _forget_old(self) -> None:
        try:
            kept = sorted(self._folder.glob("*.jsonl"), key=changed_at, reverse=True)
            for number, path in enumerate(kept):
                if number >= MOST_FILES or _is_old(path):
                    path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("cannot delete old conversations in %s: %s", self._folder, why(error))

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}.jsonl"


def _is_old(path: Path) -> bool:
    return time.time() - changed_at(path) > KEPT_S
