"""Places in a file, for the web processes of one machine."""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from malbeot.web.places.errors import Unavailable
from malbeot.web.places.store import JOINS_WITHIN_S, Outcome, Verdict

_FILE = "places.sqlite3"
_BUSY_S = 2.0
_OPENING_TRIES = 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS place (room TEXT PRIMARY KEY, taken_at REAL NOT NULL, seen INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS live (room TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS look (one INTEGER PRIMARY KEY CHECK (one = 1), answered_at REAL NOT NULL);
"""
_CALLS = "SELECT count(*) FROM (SELECT room FROM live UNION SELECT room FROM place)"
_FIRST_BACK = "SELECT min(taken_at) FROM place WHERE NOT seen OR taken_at > :now - :joins_s"
_GIVE_BACK = """
DELETE FROM place WHERE room NOT IN (SELECT room FROM live)
AND (seen OR taken_at <= :began - :joins_s OR taken_at > :now)
"""
_Result = TypeVar("_Result")


class SqliteStore:
    """`Store` of one machine. One thread has the connection, so that waiting for the disk holds nobody up."""

    def __init__(self, path: Path, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._path = path
        self._connection = connection
        self._thread = thread

    async def take(self, room: str, *, limit: int, fresh_s: float) -> Verdict:
        return await self._in_one_step(lambda now: self._take(room, limit, fresh_s, now))

    async def count(self, *, fresh_s: float) -> Verdict:
        return await self._in_one_step(lambda now: self._verdict(Outcome.FULL, fresh_s, now))

    async def note(self, live: Collection[str], *, began: float) -> None:
        await self._in_one_step(lambda now: self._note(live, began, now))

    async def free(self, room: str) -> None:
        await self._in_one_step(lambda _: self._free(room))

    def _take(self, room: str, limit: int, fresh_s: float, now: float) -> Verdict:
        verdict = self._verdict(Outcome.FULL, fresh_s, now)
        if verdict.outcome is Outcome.STALE:
            return verdict
        held = self._connection.execute("SELECT 1 FROM place WHERE room = ?", (room,)).fetchone()
        if not held:
            if verdict.calls >= limit:
                return verdict
            self._connection.execute("INSERT INTO place (room, taken_at) VALUES (?, ?)", (room, now))
        return self._verdict(Outcome.TAKEN, fresh_s, now)

    def _verdict(self, outcome: Outcome, fresh_s: float, now: float) -> Verdict:
        (answered_at,) = self._connection.execute("SELECT max(answered_at) FROM look").fetchone()
        fresh = answered_at is not None and 0 <= now - answered_at <= fresh_s
        (calls,) = self._connection.execute(_CALLS).fetchone()
        (first,) = self._connection.execute(_FIRST_BACK, {"joins_s": JOINS_WITHIN_S, "now": now}).fetchone()
        left_s = JOINS_WITHIN_S if first is None else first + JOINS_WITHIN_S - now
        back_in_s = min(max(left_s, 0.0), JOINS_WITHIN_S)
        return Verdict(outcome=outcome if fresh else Outcome.STALE, now=now, calls=calls, back_in_s=back_in_s)

    def _note(self, live: Collection[str], began: float, now: float) -> None:
        (answered_at,) = self._connection.execute("SELECT max(answered_at) FROM look").fetchone()
        if answered_at is not None and began < answered_at <= now:
            return
        self._connection.execute("DELETE FROM live")
        self._connection.executemany("INSERT INTO live (room) VALUES (?)", [(room,) for room in live])
        self._connection.execute("UPDATE place SET seen = 1 WHERE room IN (SELECT room FROM live)")
        self._connection.execute(_GIVE_BACK, {"began": began, "joins_s": JOINS_WITHIN_S, "now": now})
        self._connection.execute("INSERT OR REPLACE INTO look (one, answered_at) VALUES (1, ?)", (now,))

    def _free(self, room: str) -> None:
        self._connection.execute("DELETE FROM place WHERE room = ?", (room,))
        self._connection.execute("DELETE FROM live WHERE room = ?", (room,))

    async def _in_one_step(self, step: Callable[[float], _Result]) -> _Result:
        def transaction() -> _Result:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    # CLOCK_MONOTONIC: one for all processes, and nobody sets it. Read inside, so that times rise from
                    # one transaction to the next.
                    result = step(time.monotonic())
                    self._connection.execute("COMMIT")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):  # where the disk is full it was rolled back already
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _unavailable(self._path, error) from None
            return result

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)


@asynccontextmanager
async def open_sqlite(state: Path) -> AsyncIterator[SqliteStore]:
    """The store in the folder `state`. Raises `Unavailable` where the file cannot be had."""
    path = state / _FILE
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="places") as thread:
        connection = await loop.run_in_executor(thread, _connect, path)
        try:
            yield SqliteStore(path, connection, thread)
        finally:
            await loop.run_in_executor(thread, connection.close)


def _connect(path: Path) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # SQLite gives its companion files the same permissions.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        if connection:
            connection.close()
        raise _unavailable(path, error) from None
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Changing the mode does not wait for who is changing it too."""
    for left in reversed(range(_OPENING_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_BUSY_S / _OPENING_TRIES)


def _unavailable(path: Path, error: OSError | sqlite3.Error) -> Unavailable:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) in (
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
    ):
        return Unavailable(f"the calls' places in {path} cannot be read ({reason}): delete the file, nothing is lost")
    return Unavailable(
        f"the calls' places cannot be kept in {path} ({reason}): check the disk and who owns it, or set MALBEOT_STATE"
    )
