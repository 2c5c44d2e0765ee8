"""The lease of a journal in DynamoDB.

Its token is kept twice: in the lease, which every renewal writes, and in an item of its own that every fenced write is
checked against. That one is written when the holder changes and never else: renewals and writes do not run into each
other's transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from guardian.errors import Busy, NotFound, Refused, Unavailable
from guardian.journal.dynamodb import keys
from guardian.lease import Lease, taken
from guardian.ports import Table
from guardian.ports.table import ABSENT, Change, If, Item, Put, Unmet, Write, item


class DynamoLeases:
    """The part of a journal that keeps the lease: no answer is waited for longer than a renewal may take."""

    def __init__(self, hasty: Table) -> None:
        self._hasty = hasty

    def lease(self) -> Lease | None:
        with _asking():
            found = self._hasty.get(keys.LEASE)
        return _lease(found) if found else None

    def take(self, holder: str, seen: Lease | None) -> Lease | None:
        lease = taken(seen, holder)
        as_seen = _same(seen) if seen else (ABSENT,)
        taking = Put(item(keys.LEASE, **_values(lease)), as_seen)
        done = self._written(taking, Put(item(keys.FENCE, token=lease.token)))
        return lease if done else None

    def renew(self, lease: Lease) -> Lease | None:
        current = self.lease()
        if current is None or current.token != lease.token or current.free:
            return None
        # Not conditional on the beat: sent again after a lost answer, it is the same and no refusal.
        renewed = replace(current, beat=current.beat + 1)
        held = (If("token", "=", lease.token), If("holder", "present"))
        done = self._written(Change(keys.LEASE, {"beat": renewed.beat}, when=held))
        return renewed if done else None

    def release(self, lease: Lease) -> None:
        held = (If("token", "=", lease.token),)
        self._written(Change(keys.LEASE, {}, remove=("holder",), when=held))

    def _written(self, *writes: Write) -> bool:
        """Whether that could be written."""
        try:
            with _asking():
                self._hasty.write(writes)
        except Unmet:
            return False
        return True


@contextmanager
def _asking() -> Iterator[None]:
    """Whatever is wrong with the table, a holder goes on asking until its lease has lapsed."""
    try:
        yield
    except Unmet:
        raise
    except (NotFound, Refused, Busy) as error:
        raise Unavailable(f"the lease cannot be asked for: {error}") from error


def _values(lease: Lease) -> Item:
    held: Item = {} if lease.free else {"holder": lease.holder}
    return {"token": lease.token, "beat": lease.beat, **held}


def _same(seen: Lease) -> tuple[If, ...]:
    free = (If("holder", "absent"),) if seen.free else ()
    return (*(If(name, "=", value) for name, value in _values(seen).items()), *free)


def _lease(found: Item) -> Lease:
    return Lease(int(found["token"]), str(found.get("holder", "")), int(found["beat"]))
