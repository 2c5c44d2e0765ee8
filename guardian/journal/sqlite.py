"""The journal in one SQLite file. Facts: docs/reference/journal.md."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TypeVar

from guardian.clock import Clock
from guardian.digest import Window
from guardian.documents import instant, moment
from guardian.errors import InputError, Unavailable
from guardian.journal.entries import finding_text, outcome_text, read_finding, read_outcome
from guardian.journal.warnings import TABLE, SqliteWarnings
from guardian.outcome import Finding, Outcome

Entry = TypeVar("Entry")

APPLICATION = 0x67726468  # "grdh": marks a file as guardian's journal
BUSY_SECONDS = 30.0

# One script a version; what is released is never edited, a change is one more script.
# Times are ISO 8601 in UTC with milliseconds: as text they sort as they happened.
MIGRATIONS = (
    """
    CREATE TABLE outcomes (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX outcomes_by_recorded ON outcomes (recorded, at);
    CREATE TABLE findings (
        identity TEXT PRIMARY KEY, recorded TEXT NOT NULL, at TEXT NOT NULL, entry TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX findings_by_recorded ON findings (recorded, at);
    CREATE TABLE windows (
        channel TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, claimed TEXT NOT NULL, reference TEXT,
        PRIMARY KEY (channel, until)
    ) WITHOUT ROWID;
    """,
    "CREATE TABLE intents (identity TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;",
    "CREATE TABLE memory (name TEXT PRIMARY KEY, entry TEXT NOT NULL) WITHOUT ROWID;",
    TABLE,
)

# An entry that comes after a window was claimed belongs to the next one, whatever the clock says.
RECORDED = "max(?, coalesce((SELECT max(until) FROM windows), ''))"


class SqliteJournal(SqliteWarnings):
    """A journal in a file, shared by the threads of a process and by processes of one machine.

    A write is on the disk when its call returns.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._connection = _opened(path)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def record(self, outcomes: Iterable[Outcome]) -> int:
        with self._transaction() as connection:
            return self._insert(connection, "outcomes", _outcome_rows(outcomes))

    def note(self, findings: Iterable[Finding]) -> int:
        rows = ((f.identity, f.at, finding_text(f)) for f in findings)
        with self._transaction() as connection:
            return self._insert(connection, "findings", rows)

    def _insert(
        self,
        connection: sqlite3.Connection,
        table: str,
        entries: Iterable[tuple[str, datetime, str]],
    ) -> int:
        now = instant(self._clock())
        rows = [(identity, now, instant(at), entry) for identity, at, entry in entries]
        insert = f"INSERT OR IGNORE INTO {table} VALUES (?, {RECORDED}, ?, ?)"  # noqa: S608 -- two fixed names
        before = connection.total_changes
        connection.executemany(insert, rows)
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
        with self._transaction() as connection:
            self._insert(connection, "outcomes", _outcome_rows(outcomes))
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
        with self._lock, _translated():
            return self._connection.execute(select, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(), _write(self._connection) as connection:
            yield connection


def _outcome_rows(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, datetime, str]]:
    return ((o.identity, o.at, outcome_text(o)) for o in outcomes)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"{path}: cannot be opened as a journal: {error}") from error
    try:
        _check(connection, path)
        # Full: on the disk before a message is acknowledged. WAL: readers and the writer do not wait for each other.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with _write(connection):
            _migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise InputError(f"{path}: cannot be used as a journal: {error}") from error
    except InputError:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_master")
    if tables and _number(connection, "PRAGMA application_id") != APPLICATION:
        raise InputError(f"{path}: is the database of some other program")
    if version > len(MIGRATIONS):
        known = len(MIGRATIONS)
        raise InputError(
            f"{path}: is of version {version}, this guardian knows {known}: upgrade it"
        )


def _migrate(connection: sqlite3.Connection) -> None:
    version = _number(connection, "PRAGMA user_version")
    for script in MIGRATIONS[version:]:
        for statement in filter(str.strip, script.split(";")):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


@contextmanager
def _write(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    # IMMEDIATE: a transaction that reads first and writes later can lose its snapshot to another process.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:  # locked for too long, a full disk, a damaged file
        raise Unavailable(f"the journal cannot be used: {error}") from error
