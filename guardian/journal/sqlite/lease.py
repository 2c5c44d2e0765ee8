"""The lease of a journal in SQLite. It has a connection of its own: whoever writes a backlog does not delay it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from guardian.errors import Superseded
from guardian.journal.sqlite.connection import connected, translating, writing
from guardian.lease import Lease, released, taken

PATIENCE = 5.0
"""Seconds to wait for a writer: asked again, a renewal is still in time."""
SELECT = "SELECT token, holder, beat FROM lease"


class SqliteLeases:
    """The part of a journal that keeps the lease."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beat_lock = Lock()
        self._beat_connection: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._beat_lock:
            if self._beat_connection:
                self._beat_connection.close()

    def lease(self) -> Lease | None:
        with self._beat() as connection:
            return _current(connection)

    def take(self, holder: str, seen: Lease | None) -> Lease | None:
        with self._beat() as connection, writing(connection):
            if _current(connection) != seen:
                return None
            return _put(connection, taken(seen, holder))

    def renew(self, lease: Lease) -> Lease | None:
        with self._beat() as connection, writing(connection):
            current = _current(connection)
            if current is None or current.token != lease.token or current.free:
                return None
            return _put(connection, Lease(current.token, current.holder, current.beat + 1))

    def release(self, lease: Lease) -> None:
        with self._beat() as connection, writing(connection):
            current = _current(connection)
            if current and current.token == lease.token:
                _put(connection, released(current))

    @contextmanager
    def _beat(self) -> Iterator[sqlite3.Connection]:
        with self._beat_lock, translating():
            if self._beat_connection is None:
                self._beat_connection = connected(self._path, PATIENCE)
            yield self._beat_connection


def check(connection: sqlite3.Connection, lease: Lease) -> None:
    """Raise Superseded where somebody took a lease over, in the transaction that is to write."""
    current = _current(connection)
    if current is None or current.token != lease.token:
        holder = f"{current.holder or 'nobody'} has {current.token}" if current else "it is gone"
        raise Superseded(f"the lease {lease.token} of {lease.holder} was taken over: {holder}")


def _current(connection: sqlite3.Connection) -> Lease | None:
    row = connection.execute(SELECT).fetchone()
    return Lease(int(row[0]), str(row[1]), int(row[2])) if row else None


def _put(connection: sqlite3.Connection, lease: Lease) -> Lease:
    values = (lease.token, lease.holder, lease.beat)
    connection.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?)", values)
    return lease
