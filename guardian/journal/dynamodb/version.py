"""The version of the journal in a table: made, brought forward, or refused."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from guardian.errors import InputError, NotFound, Refused, Unavailable
from guardian.journal.dynamodb import keys
from guardian.journal.dynamodb.part import ATTEMPTS
from guardian.ports import Table
from guardian.ports.table import ABSENT, Change, If, Item, Put, Unmet, Write, item

PROGRAM = "guardian"

Migration = Callable[[Table], None]
"""Brings a table one version forward. It may be cut off, and be done again by somebody else at the same time."""
MIGRATIONS: Sequence[Migration] = ()
"""What is released is never changed; a new version is one more."""


def check_version(table: Table, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make a table this version's journal. Raises InputError where it cannot be, AccessDenied, Unavailable."""
    newest = 1 + len(migrations)
    for _ in range(newest + ATTEMPTS):
        version = _version(table, newest)
        if version == newest:
            return
        if version > newest:
            raise InputError(
                f"dynamodb://{table.name}: is of version {version}, this guardian knows {newest}: upgrade it"
            )
        migrations[version - 1](table)
        forward = {"version": version + 1}
        _unless_done(table, Change(keys.VERSION, forward, when=(If("version", "=", version),)))
    raise Unavailable(f"dynamodb://{table.name}: others bring it forward at the same time")


def _version(table: Table, newest: int) -> int:
    try:
        found = table.get(keys.VERSION) or _begun(table, newest)
    except NotFound as error:
        raise InputError(
            f"dynamodb://{table.name}: there is no such table in the hub's account and guardian's home region;"
            " deploy/hub.yaml makes it, or one of your own needs the keys pk and sk, both texts"
        ) from error
    except Refused as error:
        raise InputError(
            f"dynamodb://{table.name}: cannot be used as a journal: {error}"
        ) from error
    version = found.get("version") if found.get("program") == PROGRAM else None
    if not isinstance(version, int) or version < 1:
        raise InputError(f"dynamodb://{table.name}: is the table of some other program")
    return version


def _begun(table: Table, newest: int) -> Item:
    """The version of a table that has none: an empty one is made a journal."""
    if not next(table.scan(), None):
        first = Put(item(keys.VERSION, program=PROGRAM, version=newest), (ABSENT,))
        _unless_done(table, first)
    # Another guardian may have begun it just now.
    return table.get(keys.VERSION) or {}


def _unless_done(table: Table, write: Write) -> None:
    with suppress(Unmet):
        table.write([write])
