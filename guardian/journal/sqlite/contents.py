"""The contents of a journal in SQLite, carried elsewhere and back."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal

from guardian.errors import InputError
from guardian.ports.contents import (
    Content,
    KeptEntry,
    KeptIntention,
    KeptMemory,
    KeptWarning,
    KeptWindow,
)

PAGE = 1_000
FULL = (
    "SELECT EXISTS (SELECT 1 FROM outcomes UNION ALL SELECT 1 FROM findings UNION ALL SELECT 1 FROM windows"
    " UNION ALL SELECT 1 FROM intents UNION ALL SELECT 1 FROM memory UNION ALL SELECT 1 FROM warnings)"
)


class SqliteContents(ABC):
    """The part of a journal that is moved."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]: ...

    @abstractmethod
    def _rows(self, select: str, *values: str) -> Sequence[tuple[object, ...]]: ...

    def contents(self) -> Iterator[Content]:
        yield from self._entries("outcomes")
        yield from self._entries("findings")
        for row in self._rows("SELECT identity, entry FROM intents"):
            yield KeptIntention(*map(str, row))
        for row in self._rows("SELECT name, entry FROM memory"):
            yield KeptMemory(*map(str, row))
        for row in self._rows("SELECT channel, since, until, claimed, reference FROM windows"):
            channel, since, until, claimed = map(str, row[:4])
            yield KeptWindow(channel, since, until, claimed, _known(row[4]))
        yield from self._warnings()

    def fill(self, contents: Iterable[Content]) -> int:
        with self._transaction() as connection:
            if connection.execute(FULL).fetchone()[0]:
                raise InputError("the journal is not empty: name one that is not there yet")
            before = connection.total_changes
            for content in contents:
                insert, values = _insert(content)
                connection.execute(insert, values)
            return connection.total_changes - before

    def _entries(self, sort: Literal["outcomes", "findings"]) -> Iterator[KeptEntry]:
        for row in self._paged(sort, "identity, recorded, at, entry"):
            yield KeptEntry(sort, *map(str, row))

    def _warnings(self) -> Iterator[KeptWarning]:
        for row in self._paged("warnings", "identity, entry, claimed, posted, answer"):
            yield KeptWarning(str(row[0]), str(row[1]), *map(_known, row[2:]))

    def _paged(self, table: str, columns: str) -> Iterator[tuple[object, ...]]:
        select = f"SELECT {columns} FROM {table} WHERE identity > ? ORDER BY identity LIMIT {PAGE}"  # noqa: S608 -- fixed texts
        after = ""
        while rows := self._rows(select, after):
            yield from rows
            after = str(rows[-1][0])


def _insert(content: Content) -> tuple[str, tuple[str | None, ...]]:
    match content:
        case KeptEntry(sort, identity, recorded, at, entry):
            return f"INSERT INTO {sort} VALUES (?, ?, ?, ?)", (identity, recorded, at, entry)  # noqa: S608 -- two fixed names
        case KeptIntention(identity, entry):
            return "INSERT INTO intents VALUES (?, ?)", (identity, entry)
        case KeptMemory(name, entry):
            return "INSERT INTO memory VALUES (?, ?)", (name, entry)
        case KeptWindow(channel, since, until, claimed, reference):
            values = (channel, since, until, claimed, reference)
            return "INSERT INTO windows VALUES (?, ?, ?, ?, ?)", values
        case KeptWarning(identity, entry, claimed, posted, answer):
            return "INSERT INTO warnings VALUES (?, ?, ?, ?, ?)", (
                identity,
                entry,
                claimed,
                posted,
                answer,
            )


def _known(value: object) -> str | None:
    return None if value is None else str(value)
