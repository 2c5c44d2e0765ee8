"""The journal in one SQLite file. Facts: docs/reference/journal.md."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TypeVar

from guardian.clock import Clock
from guardian.digest import Window
from guardian.documents import instant, moment
from guardian.journal.entries import finding_text, outcome_text, read_finding, read_outcome
from guardian.journal.sqlite.connection import (
    BUSY_SECONDS,
    connected,
    open_file,
    translating,
    writing,
)
from guardian.journal.sqlite.contents import SqliteContents
from guardian.journal.sqlite.lease import SqliteLeases, check
from guardian.journal.sqlite.warnings import SqliteWarnings
from guardian.lease import Lease
from guardian.outcome import Finding, Outcome

Entry = TypeVar("Entry")
Row = tuple[str, str, str]
"""Identity, when it happened, and the entry."""

PAGE = 1_000

# An entry that comes after a window was claimed belongs to the next one, whatever the clock says.
RECORDED = "max(?, coalesce((SELECT max(until) FROM windows), ''))"


class SqliteJournal(SqliteWarnings, SqliteContents, SqliteLeases):
    """A journal in a file, shared by the threads of a process and by processes of one machine.

    A write is on the disk when its call returns.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path)
        self._clock = clock
        self._lock = Lock()
        self._connection = open_file(path)
        self._fence: Lease | None = None

    def close(self) -> None:
        super().close()
        with self._lock:
            self._connection.close()

    def copy_to(self, file: Path) -> None:
        """Write the journal as it is now into a new file; who writes meanwhile does not wait. Raises Unavailable."""
        with (
            translating(),
            closing(connected(self._path, BUSY_SECONDS)) as source,
            closing(sqlite3.connect(file)) as copy,
        ):
            source.backup(copy)

    def fence(self, lease: Lease) -> None:
        self._fence = lease

    def record(self, outcomes: Iterable[Outcome]) -> int:
        rows = _outcome_rows(outcomes)
        with self._transaction() as connection:
            return self._insert(connection, "outcomes", rows)

    def note(self, findings: Iterable[Finding]) -> int:
        rows = [(f.identity, instant(f.at), finding_text(f)) for f in findings]
        with self._transaction() as connection:
            return self._insert(connection, "findings", rows)

    def _insert(self, connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> int:
        now = instant(self._clock())
        dated = ((identity, now, at, entry) for identity, at, entry in rows)
        insert = f"INSERT OR IGNORE INTO {table} VALUES (?, {RECORDED}, ?, ?)"  # noqa: S608 -- two fixed names
        before = connection.total_changes
        connection.executemany(insert, dated)
        return connection.total_changes - before

    def intend(self, outcome: Outcome) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO intents VALUES (?, ?)",
                (outcome.identity, outcome_text(outcome)),
            )

    def intended(self) -> tuple[Outcome, ...]:
        rows = self._rows("SELECT entry FROM intents ORDER BY identity")
        return tuple(read_outcome(str(row[0])) for row in rows)

    def settle(self, intended: Outcome, outcomes: Iterable[Outcome]) -> None:
        rows = _outcome_rows(outcomes)
        with self._transaction() as connection:
            self._insert(connection, "outcomes", rows)
            connection.execute("DELETE FROM intents WHERE identity = ?", (intended.identity,))

    def remember(self, name: str, entry: str) -> None:
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (name, entry))

    def recall(self, name: str) -> str | None:
        rows = self._rows("SELECT entry FROM memory WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def forget(self, name: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM memory WHERE name = ?", (name,))

    def outcomes(self, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        return self._read("outcomes", since, until, read_outcome)

    def findings(self, since: datetime, until: datetime) -> tuple[Finding, ...]:
        return self._read("findings", since, until, read_finding)

    def _read(
        self, table: str, since: datetime, until: datetime, read: Callable[[str], Entry]
    ) -> tuple[Entry, ...]:
        select = (
            f"SELECT entry FROM {table} WHERE recorded >= ? AND recorded < ? ORDER BY at, identity"  # noqa: S608 -- two fixed names
        )
        return tuple(
            read(str(row[0])) for row in self._rows(select, instant(since), instant(until))
        )

    def each_outcome(self, since: datetime, until: datetime) -> Iterator[Outcome]:
        return (read_outcome(entry) for entry in self._each("outcomes", since, until))

    def each_finding(self, since: datetime, until: datetime) -> Iterator[Finding]:
        return (read_finding(entry) for entry in self._each("findings", since, until))

    def _each(self, table: str, since: datetime, until: datetime) -> Iterator[str]:
        """Entries as they were learned, a page at a time: nobody who writes waits for who reads."""
        after, last = (instant(since), "", ""), instant(until)
        select = (
            f"SELECT recorded, at, identity, entry FROM {table}"  # noqa: S608 -- two fixed names
            " WHERE (recorded, at, identity) > (?, ?, ?) AND recorded < ?"
            f" ORDER BY recorded, at, identity LIMIT {PAGE}"
        )
        while rows := self._rows(select, *after, last):
            yield from (str(row[3]) for row in rows)
            after = str(rows[-1][0]), str(rows[-1][1]), str(rows[-1][2])

    def posted_until(self, channel: str) -> datetime | None:
        newest = "SELECT max(until) FROM windows WHERE channel = ? AND reference IS NOT NULL"
        until = self._rows(newest, channel)[0][0]
        return moment(until if isinstance(until, str) else None)

    def claim(self, channel: str, window: Window, now: datetime) -> bool:
        since, until = instant(window.since), instant(window.until)
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO windows SELECT ?, ?, ?, ?, NULL"
                " WHERE NOT EXISTS (SELECT 1 FROM windows WHERE channel = ? AND until > ?)",
                (channel, since, until, instant(now), channel, since),
            )
            return cursor.rowcount == 1

    def posted(self, channel: str, window: Window, reference: str) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE windows SET reference = ? WHERE channel = ? AND until = ?",
                (reference, channel, instant(window.until)),
            )

    def unfinished(self, channel: str) -> tuple[Window, ...]:
        claimed = (
            "SELECT since, until FROM windows"
            " WHERE channel = ? AND reference IS NULL ORDER BY until"
        )
        rows = self._rows(claimed, channel)
        return tuple(
            Window(datetime.fromisoformat(str(since)), datetime.fromisoformat(str(until)))
            for since, until in rows
        )

    def _rows(self, select: str, *values: str) -> Sequence[tuple[object, ...]]:
        with self._lock, translating():
            return self._connection.execute(select, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, translating(), writing(self._connection) as connection:
            if self._fence:
                check(connection, self._fence)
            yield connection


def _outcome_rows(outcomes: Iterable[Outcome]) -> Sequence[Row]:
    # Written out before the transaction: nobody waits for what has yet to be thought of.
    return [(o.identity, instant(o.at), outcome_text(o)) for o in outcomes]
