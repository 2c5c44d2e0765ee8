"""Where the journal is kept, chosen by a URL."""

from pathlib import Path

from guardian.clock import Clock, system_now
from guardian.errors import InputError
from guardian.journal.sqlite import SqliteJournal
from guardian.ports import Journal

SQLITE = "sqlite:///"


def open_journal(url: str, clock: Clock = system_now) -> Journal:
    """The journal at `sqlite:///relative/path` or `sqlite:////absolute/path`, made where there is none.

    Raises InputError for a URL, a file or a version that this guardian cannot use.
    """
    path = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or not path:
        raise InputError(f"{url!r} names no journal: write sqlite:///journal.sqlite for instance")
    return SqliteJournal(Path(path), clock)
