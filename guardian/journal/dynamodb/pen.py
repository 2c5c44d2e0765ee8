"""What writes into the journal's table: one transaction at a time, and only while the lease is still held."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import RLock

from guardian.errors import Superseded
from guardian.journal.dynamodb import keys
from guardian.lease import Lease
from guardian.ports.table import MOST_WRITES, Check, If, Put, Table, Unmet, Write

ROOM = MOST_WRITES - keys.SHARDS - 3
"""Writes of one transaction beside what goes with them: two checks, the shards of a day, an intention."""


@dataclass(frozen=True)
class New:
    """Something that is written once: its first write has the condition that it was not there before."""

    writes: tuple[Write, ...]

    @property
    def size(self) -> int:
        items = (write.item for write in self.writes if isinstance(write, Put))
        return sum(len(str(value)) for item in items for value in item.values())


class Pen:
    """Shared by the threads of a process, which would only run into each other's transactions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = RLock()
        self._fence: Lease | None = None

    def fence(self, lease: Lease) -> None:
        self._fence = lease

    def turn(self) -> AbstractContextManager[object]:
        """What is read and written within it, no other thread comes between."""
        return self._lock

    def write(self, *writes: Write) -> None:
        """Make all of these writes or none. Raises Unmet, Superseded, AccessDenied, Unavailable."""
        with self._lock:
            fence = self._fence
            try:
                self._table.write([*writes, *_still(fence)])
            except Unmet as error:
                if fence and len(writes) in error.writes:
                    raise Superseded(
                        f"the lease {fence.token} of {fence.holder} was taken over"
                    ) from error
                raise

    def add(self, news: Sequence[New], *more: Write) -> int:
        """Write what is not there yet, together with `more`; answer how much that was.

        Raises Unmet where one of `more` is not met, by its place among them.
        """
        left = news
        while left or not all(isinstance(write, Check) for write in more):
            writes = [write for new in left for write in new.writes]
            try:
                self.write(*writes, *more)
            except Unmet as error:
                if missed := {n - len(writes) for n in error.writes if n >= len(writes)}:
                    raise Unmet(frozenset(missed)) from error
                left = _without(left, error.writes)
            else:
                return len(left)
        return 0


def _still(fence: Lease | None) -> Sequence[Write]:
    return [Check(keys.FENCE, (If("token", "=", fence.token),))] if fence else []


def _without(news: Sequence[New], failed: frozenset[int]) -> Sequence[New]:
    """Those none of whose writes is among the failed ones."""
    left: list[New] = []
    place = 0
    for new in news:
        if not failed.intersection(range(place, place + len(new.writes))):
            left.append(new)
        place += len(new.writes)
    return left
