"""The lease of the one guardian that acts: what it is, and when it may be taken. Pure.

Docs: docs/reference/journal.md. All spans are real time of a monotonic clock; no two machines' clocks are compared.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

LASTS = timedelta(seconds=20)
"""For how long a lease that is not renewed still has to be respected."""
BEAT = timedelta(seconds=5)
"""How much time lies between two renewals."""
POLL = timedelta(seconds=2)
"""How often a standby looks: with LASTS it takes over within 30 seconds."""
LONGEST_HOLDER = 200


@dataclass(frozen=True)
class Lease:
    """A lease as the journal's store has it.

    `token` grows with every change of holder and never falls, `beat` grows with every renewal. `holder` is for people:
    host and process; empty where the lease is free.
    """

    token: int
    holder: str
    beat: int = 0

    @property
    def free(self) -> bool:
        return not self.holder


def taken(seen: Lease | None, holder: str) -> Lease:
    """The lease that somebody has who takes over what was `seen`; None where there was none yet."""
    # A host's name may be any bytes: what is kept of it has UTF-8, and is never empty.
    name = ascii(holder)[1:-1][:LONGEST_HOLDER] or "nobody knows"
    return Lease((seen.token if seen else 0) + 1, name)


def released(lease: Lease) -> Lease:
    """The lease that the next one may take at once; its token stays used."""
    return replace(lease, holder="")


@dataclass(frozen=True)
class Sighting:
    """A lease as a standby saw it, `since` when: seconds of its own monotonic clock."""

    lease: Lease | None
    since: float

    def then(self, lease: Lease | None, now: float) -> "Sighting":
        """What it has seen when it looks again: for how long nothing has changed is what counts."""
        same = lease is not None and self.lease is not None and _moved(lease) == _moved(self.lease)
        return Sighting(lease, self.since if same else now)

    def may_take(self, now: float) -> bool:
        """Whether the lease is free, or its holder has not renewed it for as long as it lasts."""
        if self.lease is None or self.lease.free:
            return True
        return now - self.since >= LASTS.total_seconds()


def lapsed(renewed: float, now: float) -> bool:
    """Whether a holder has to take its lease for lost; its last good renewal began at `renewed`.

    Both are seconds of its own monotonic clock. That one stands still while a machine sleeps, and a process may be
    paused just after it has asked: what holds then is the token, which every write of the journal checks.
    """
    return now - renewed >= LASTS.total_seconds()


def _moved(lease: Lease) -> tuple[int, int]:
    return lease.token, lease.beat
