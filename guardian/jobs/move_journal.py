"""Carries a journal from one store to another while no daemon is at work on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from guardian.errors import Busy
from guardian.lease import POLL, Lease, Sighting
from guardian.ports import Journal, Leases

HOLDER = "guardian journal copy"

Seconds = Callable[[], float]
Wait = Callable[[float], object]


def move_once(source: Journal, target: Journal, now: Seconds, wait: Wait) -> int:
    """Fill an empty journal with all that is in another; answer how much that was.

    The source's lease is held meanwhile, so that no daemon begins. `now` tells seconds of a monotonic clock, `wait`
    lets so many pass. Raises Busy where a daemon holds the lease, InputError for a target that is not empty.
    """
    with _held(source, now, wait):
        return target.fill(source.contents())


@contextmanager
def _held(leases: Leases, now: Seconds, wait: Wait) -> Iterator[Lease]:
    lease = _taken(leases, now, wait)
    try:
        yield lease
    finally:
        leases.release(lease)


def _taken(leases: Leases, now: Seconds, wait: Wait) -> Lease:
    """The lease, once it is sure that nobody lives who had it."""
    first = sighting = Sighting(leases.lease(), now())
    while not sighting.may_take(now()):
        wait(POLL.total_seconds())
        sighting = sighting.then(leases.lease(), now())
        if sighting.since != first.since:
            break
    taken = leases.take(HOLDER, sighting.lease) if sighting.may_take(now()) else None
    if taken is None:
        holder = sighting.lease.holder if sighting.lease else "somebody"
        raise Busy(f"{holder} is at work on the journal: stop that guardian first")
    return taken
