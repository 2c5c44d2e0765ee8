"""The file of a journal: opened, checked, brought forward to this version."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guardian.errors import InputError, Unavailable

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
    """
    CREATE TABLE warnings (
        identity TEXT PRIMARY KEY, entry TEXT NOT NULL, claimed TEXT, posted TEXT, answer TEXT
    ) WITHOUT ROWID;
    CREATE INDEX warnings_to_post ON warnings (identity) WHERE posted IS NULL;
    """,
    """
    CREATE TABLE lease (
        one INTEGER PRIMARY KEY CHECK (one = 1), token INTEGER NOT NULL, holder TEXT NOT NULL, beat INTEGER NOT NULL
    );
    """,
)


def open_file(path: Path) -> sqlite3.Connection:
    """A connection to a journal's file, which is made or brought forward. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connected(path, BUSY_SECONDS)
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"{path}: cannot be opened as a journal: {error}") from error
    try:
        _check(connection, path)
        # WAL: readers and the writer do not wait for each other.
        connection.execute("PRAGMA journal_mode = WAL")
        with writing(connection):
            _migrate(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise InputError(f"{path}: cannot be used as a journal: {error}") from error
    except InputError:
        connection.close()
        raise
    return connection


def connected(path: Path, patience: float) -> sqlite3.Connection:
    """One more connection to a file; it waits so many seconds for others. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        path, timeout=patience, isolation_level=None, check_same_thread=False
    )
    # Full: on the disk before a message is acknowledged.
    connection.execute("PRAGMA synchronous = FULL")
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
def writing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction that writes: all of it or nothing."""
    # IMMEDIATE: a transaction that reads first and writes later can lose its snapshot to another process.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def translating() -> Iterator[None]:
    """Raise guardian's error for SQLite's."""
    try:
        yield
    except sqlite3.DatabaseError as error:  # locked for too long, a full disk, a damaged file
        raise Unavailable(f"the journal cannot be used: {error}") from error
