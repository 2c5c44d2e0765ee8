"""The warnings of a journal in SQLite: what was announced, where it was posted, and what was done about it."""

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from guardian.documents import instant
from guardian.journal.notices import notice_text, read_notice
from guardian.notice import StopNotice, Warned


class SqliteWarnings(ABC):
    """The part of a journal that keeps warnings."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]: ...

    @abstractmethod
    def _rows(self, select: str, *values: str) -> Sequence[tuple[object, ...]]: ...

    def foresee(self, notices: Iterable[StopNotice]) -> int:
        rows = [(notice.identity, notice_text(notice)) for notice in notices]
        with self._transaction() as connection:
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO warnings VALUES (?, ?, NULL, NULL, NULL)", rows
            )
            return connection.total_changes - before

    def unposted(self) -> tuple[StopNotice, ...]:
        rows = self._rows("SELECT entry FROM warnings WHERE posted IS NULL ORDER BY identity")
        return tuple(read_notice(str(row[0])) for row in rows)

    def warned(self, identity: str) -> Warned | None:
        rows = self._rows(
            "SELECT entry, posted, answer FROM warnings WHERE identity = ?", identity
        )
        if not rows:
            return None
        entry, posted, answer = (str(value or "") for value in rows[0])
        return Warned(read_notice(entry), tuple(posted.split()), answer)

    def foretold(self, identifier: str) -> tuple[StopNotice, ...]:
        # As JSON has it: an id without UTF-8 could not be given to SQLite.
        written = json.dumps({"id": identifier}, separators=(",", ":"))[1:-1]
        select = "SELECT entry FROM warnings WHERE instr(entry, ?) > 0"
        found = (read_notice(str(row[0])) for row in self._rows(select, written))
        wanted = [notice for notice in found if notice.id == identifier]
        return tuple(sorted(wanted, key=lambda notice: notice.stops))

    def claim_warning(self, identity: str, now: datetime, stale: datetime) -> bool:
        with self._transaction() as connection:
            cursor = connection.execute(
                "UPDATE warnings SET claimed = ? WHERE identity = ? AND answer IS NULL"
                " AND (claimed IS NULL OR claimed < ?)",
                (instant(now), identity, instant(stale)),
            )
            return cursor.rowcount == 1

    def release_warning(self, identity: str) -> None:
        self._set("claimed = NULL", identity)

    def posted_warning(self, identity: str, references: Iterable[str]) -> None:
        self._set("posted = ?, claimed = NULL", identity, " ".join(references))

    def answer_warning(self, identity: str, answer: str) -> None:
        self._set("answer = ?, claimed = NULL", identity, answer)

    def _set(self, what: str, identity: str, *values: str) -> None:
        update = f"UPDATE warnings SET {what} WHERE identity = ?"  # noqa: S608 -- three fixed texts
        with self._transaction() as connection:
            connection.execute(update, (*values, identity))
