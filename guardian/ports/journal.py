"""What guardian needs of a journal."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from guardian.digest import Window
from guardian.lease import Lease
from guardian.notice import StopNotice, Warned
from guardian.outcome import Finding, Outcome
from guardian.ports.contents import Portable
from guardian.ports.lease import Leases


class Warnings(Protocol):
    """Notices of stops to come, by their identity: each is posted once, and answered once."""

    def foresee(self, notices: Iterable[StopNotice]) -> int:
        """Write notices down; answer how many were new."""
        ...

    def unposted(self) -> tuple[StopNotice, ...]:
        """Those that nobody was told of yet."""
        ...

    def warned(self, identity: str) -> Warned | None:
        """What is known of one; None where there is none."""
        ...

    def foretold(self, identifier: str) -> tuple[StopNotice, ...]:
        """All that were ever about resources of this id, the one that stops last at the end."""
        ...

    def claim_warning(self, identity: str, now: datetime, stale: datetime) -> bool:
        """Reserve one to do something about it; False where that was done, or is being done since `stale` or later."""
        ...

    def release_warning(self, identity: str) -> None:
        """Give a reservation back: nothing was done."""
        ...

    def posted_warning(self, identity: str, references: Iterable[str]) -> None:
        """Mark one as posted, and give the reservation back. A reference has no spaces."""
        ...

    def answer_warning(self, identity: str, answer: str) -> None:
        """Write down for good what was done about it."""
        ...


class Entries(Protocol):
    """What happened: outcomes and findings. Writing the same thing twice writes it once.

    An entry belongs to the window in which the journal learned of it, not to the one in which it happened: what
    arrives late is in the next window, and a window that is claimed changes no more.
    """

    def record(self, outcomes: Iterable[Outcome]) -> int:
        """Write outcomes; answer how many were new. They are safe when this returns."""
        ...

    def note(self, findings: Iterable[Finding]) -> int:
        """The same for findings."""
        ...

    def outcomes(self, since: datetime, until: datetime) -> tuple[Outcome, ...]:
        """Those that the journal learned of since <= then < until; by when they happened, oldest first."""
        ...

    def findings(self, since: datetime, until: datetime) -> tuple[Finding, ...]:
        """The same for findings."""
        ...

    def each_outcome(self, since: datetime, until: datetime) -> Iterator[Outcome]:
        """The same outcomes in the order in which the journal learned of them, read a few at a time."""
        ...

    def each_finding(self, since: datetime, until: datetime) -> Iterator[Finding]:
        """The same for findings."""
        ...


class Intentions(Protocol):
    """Stops on their way: what a crash must not leave untold."""

    def intend(self, outcome: Outcome) -> None:
        """Write down what a stop call that is about to be made will come to."""
        ...

    def intended(self) -> tuple[Outcome, ...]:
        """What was intended and not settled: a crash came between."""
        ...

    def settle(self, intended: Outcome, outcomes: Iterable[Outcome]) -> None:
        """Write what really came of it and forget the intention, both or neither."""
        ...


class Memory(Protocol):
    """Texts under names, for all processes."""

    def remember(self, name: str, entry: str) -> None:
        """Keep a text under a name, in place of what was there, until it is forgotten."""
        ...

    def recall(self, name: str) -> str | None:
        """The text under a name; None where there is none."""
        ...

    def forget(self, name: str) -> None:
        """Keep nothing under a name any more."""
        ...


class Windows(Protocol):
    """Which digests were begun, and which were posted."""

    def posted_until(self, channel: str) -> datetime | None:
        """The end of the last window that was posted to the channel."""
        ...

    def claim(self, channel: str, window: Window, now: datetime) -> bool:
        """Reserve the digest of a window; False when any of it was claimed before."""
        ...

    def posted(self, channel: str, window: Window, reference: str) -> None:
        """Mark a claimed window as posted."""
        ...

    def unfinished(self, channel: str) -> tuple[Window, ...]:
        """Windows claimed and not known to be posted, oldest first: a crash or an outage came between."""
        ...


class Journal(Entries, Intentions, Memory, Windows, Warnings, Leases, Portable, Protocol):
    """All that guardian has to know tomorrow.

    Any call may raise Unavailable, any that writes Superseded once the journal is fenced.
    """

    def fence(self, lease: Lease) -> None:
        """From now on write only while nobody has taken the lease over: else Superseded, and nothing is written."""
        ...
