"""Where the journal is kept, chosen by a URL."""

import re
from collections.abc import Callable
from pathlib import Path

from guardian.clock import Clock, system_now
from guardian.errors import InputError
from guardian.journal.dynamodb import DynamoJournal
from guardian.journal.sqlite import SqliteJournal
from guardian.ports import Journal, Table

SQLITE, DYNAMODB = "sqlite:///", "dynamodb://"
TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")

Tables = Callable[[str], Table]
"""The DynamoDB table of a name."""


def open_journal(url: str, clock: Clock = system_now, tables: Tables | None = None) -> Journal:
    """The journal at a URL.

    `sqlite:///relative/path` or `sqlite:////absolute/path` is made where there is none; `dynamodb://table` is a table
    that `tables` knows. Raises InputError for a URL, a file, a table or a version that this guardian cannot use; for a
    table also AccessDenied and Unavailable.
    """
    table = url.removeprefix(DYNAMODB)
    if url.startswith(SQLITE) and url != SQLITE:
        return SqliteJournal(file_of(url), clock)
    if tables and url.startswith(DYNAMODB) and TABLE.fullmatch(table):
        return DynamoJournal(tables(table), clock)
    raise InputError(
        f"{url!r} names no journal: write sqlite:///journal.sqlite or dynamodb://table for instance"
    )


def open_existing(url: str, clock: Clock = system_now, tables: Tables | None = None) -> Journal:
    """The same, but a file that is not there is not made: it is an InputError."""
    if url.startswith(SQLITE) and not file_of(url).is_file():
        raise InputError(f"{file_of(url)}: there is no such journal")
    return open_journal(url, clock, tables)


def file_of(url: str) -> Path:
    """The file of an SQLite journal's URL."""
    return Path(url.removeprefix(SQLITE))
