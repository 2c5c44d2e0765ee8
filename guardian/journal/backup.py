"""A journal's backup: a journal in a SQLite file, whatever it is a copy of."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from guardian.clock import system_now
from guardian.errors import InputError, Unavailable
from guardian.journal.sqlite import SqliteJournal
from guardian.ports import Journal


def back_up(journal: Journal, file: Path) -> None:
    """Write all that is in a journal, while others go on writing it, to a file that is not there yet.

    The file is there when it is whole and on the disk, and not before. Raises InputError where it cannot be written or
    is there already, Unavailable where the journal cannot be read.
    """
    with _whole(file) as part:
        if isinstance(journal, SqliteJournal):
            journal.copy_to(part)
        else:
            with closing(SqliteJournal(part, system_now)) as copy:
                copy.fill(journal.contents())
        _settle(part)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    if file.exists():
        raise InputError(f"{file}: is there already: name another file")
    part = file.with_name(f".{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch()
        yield part
        _rename(part, file)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def _rename(part: Path, file: Path) -> None:
    """Give a file its name unless somebody else has it by now."""
    try:
        os.link(part, file)
    except FileExistsError as error:
        raise InputError(f"{file}: is there already: name another file") from error


def _settle(part: Path) -> None:
    """Make it one file without a log beside it, look through it, and have it on the disk."""
    try:
        with closing(sqlite3.connect(part)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            (found,) = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise Unavailable(f"the backup cannot be read again: {error}") from error
    if found != "ok":
        raise Unavailable(f"the backup is damaged, as the journal may be: {found}")
    with part.open("rb+") as written:
        os.fsync(written.fileno())
