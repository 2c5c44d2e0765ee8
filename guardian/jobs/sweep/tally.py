"""What is known of a sweep while it goes on. Only this grows, by what is found and not by where was looked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from guardian.ids import AccountId
from guardian.jobs.sweep.places import Found, Trouble
from guardian.jobs.sweep.stop import Stopped
from guardian.jobs.sweep.visit import Looked
from guardian.outcome import Outcome, Result


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: accounts looked into, resources seen, those stopped or due, accounts in trouble."""

    accounts: int = 0
    seen: int = 0
    stopped: int = 0
    troubled: int = 0


Told = Callable[[Progress], None]
"""Told how far it is, whenever an account is done."""


@dataclass
class Tally:
    """`due` is what may be stopped and was not asked of the brake yet; `visited` are the accounts."""

    told: Told
    outcomes: list[Outcome] = field(default_factory=list)
    due: list[Found] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    visited: set[AccountId] = field(default_factory=set)
    progress: Progress = field(default_factory=Progress)
    places: int = 0
    kept: int = 0

    def add(self, account: AccountId, looked: Looked) -> None:
        """What an account had."""
        self.outcomes += looked.finished
        self.due += [found for found in looked.found if found.stops]
        self.outcomes += looked.watched
        self.kept += sum(not found.due for found in looked.found)
        self.places += looked.places
        self.troubles += looked.troubles
        first = account not in self.visited
        self.visited.add(account)
        done = (*looked.finished, *looked.watched)
        self._tell(first, looked.seen, done, troubled=bool(looked.troubles))

    def stopped(self, stopped: Stopped) -> None:
        """What became of stops."""
        self.outcomes += stopped.outcomes
        self._tell(0, 0, stopped.outcomes, troubled=False)

    def take_due(self, more: Iterable[Found]) -> list[Found]:
        """What is to be stopped, the longest overdue first; `more` was due before."""
        due, self.due = sorted([*self.due, *more], key=lambda found: found.turn), []
        return due

    def _tell(self, accounts: int, seen: int, done: Iterable[Outcome], *, troubled: bool) -> None:
        before = self.progress
        ended = sum(o.result in {Result.STOPPED, Result.WOULD_STOP} for o in done)
        self.progress = Progress(
            accounts=before.accounts + accounts,
            seen=before.seen + seen,
            stopped=before.stopped + ended,
            troubled=before.troubled + troubled,
        )
        self.told(self.progress)
