"""Looks into every governed account for what no event announced. Events are fast; the sweep is the promise.

One account at a time is a thread's work, and many threads are at it: first all look, then what is due is stopped, the
longest overdue first, as far as the brake allows. An account that does not answer holds up no other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby

import structlog

from guardian.errors import GuardianError
from guardian.jobs.sweep import streaks
from guardian.jobs.sweep.brake import Brake, Held
from guardian.jobs.sweep.places import (
    Found,
    Place,
    Search,
    Trouble,
    Visit,
    governed_places,
    visits,
)
from guardian.jobs.sweep.side_by_side import SideBySide
from guardian.jobs.sweep.stop import Stopping
from guardian.jobs.sweep.visit import Looked, look_into
from guardian.outcome import About, Finding, Outcome, Result
from guardian.ports import Journal, Members

__all__ = [
    "Place",
    "Progress",
    "Search",
    "Swept",
    "Told",
    "Trouble",
    "governed_places",
    "sweep_once",
]

AT_ONCE = 64
"""Accounts that are looked into at the same time: enough to fill the waits of one process with work."""

log = structlog.get_logger("guardian.sweep")


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: accounts looked into, resources seen, those stopped or due, accounts in trouble."""

    accounts: int = 0
    seen: int = 0
    stopped: int = 0
    troubled: int = 0


Told = Callable[[Progress], None]
"""Told how far it is, whenever an account is done."""


@dataclass(frozen=True)
class Swept:
    """What a sweep came to.

    `outcomes` are all but those that were kept, which `kept` counts and the journal has; `places` were looked into and
    `seen` running resources were looked at there; `troubles` are why other places were not; `held` are those that were
    due beyond the brakes.
    """

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    troubles: tuple[Trouble, ...]
    accounts: int
    places: int
    seen: int
    kept: int
    held: int


@dataclass
class _Tally:
    """What is known of a sweep while it goes on. Only this grows, by what is found and not by where was looked."""

    told: Told
    outcomes: list[Outcome] = field(default_factory=list)
    due: list[Found] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)
    places: int = 0
    kept: int = 0

    def add(self, looked: Looked) -> None:
        self.outcomes += looked.finished
        self.due += [found for found in looked.found if found.stops]
        watched = [found.outcome for found in looked.found if found.due and not found.stops]
        self.outcomes += watched
        self.kept += sum(not found.due for found in looked.found)
        self.places += looked.places
        self.troubles += looked.troubles
        done = (*looked.finished, *watched)
        self._tell(1, looked.seen, done, troubled=bool(looked.troubles))

    def stopped(self, outcomes: Iterable[Outcome]) -> None:
        done = tuple(outcomes)
        self.outcomes += done
        self._tell(0, 0, done, troubled=False)

    def _tell(
        self, accounts: int, seen: int, done: tuple[Outcome, ...], *, troubled: bool
    ) -> None:
        before = self.progress
        ended = sum(o.result in {Result.STOPPED, Result.WOULD_STOP} for o in done)
        self.progress = Progress(
            accounts=before.accounts + accounts,
            seen=before.seen + seen,
            stopped=before.stopped + ended,
            troubled=before.troubled + troubled,
        )
        self.told(self.progress)


def sweep_once(
    members: Members,
    journal: Journal,
    places: Iterable[Place],
    search: Search,
    clock: Callable[[], datetime],
    told: Told = lambda _: None,
) -> Swept:
    """Look everywhere, then stop what is due, and no more than the brakes allow. `places` come account by account.

    Raises Unavailable where the journal cannot be used: then nothing more is stopped.
    """
    tally, brake = _Tally(told), Brake(search.most, search.share)
    counts = streaks.recall(journal)
    stopping = Stopping(members, journal, search, clock)
    held: list[Held] = []
    work = partial(look_into, members, journal, search, clock)
    with SideBySide(work, visits(places, journal.intended()), AT_ONCE) as looks:
        while looks.left:
            for visit, future in looks.done():
                looked = _survived(visit, future.exception()) or future.result()
                if watched := [found.outcome for found in looked.found if not found.stops]:
                    journal.record(watched)
                if looked.places or looked.troubles:
                    counts.count(visit.account, looked.troubles)
                tally.add(looked)
            # What is held may go when more has been seen.
            due = sorted([*tally.due, *(each.found for each in held)], key=lambda f: f.turn)
            tally.due.clear()
            going, held = brake.part(due, tally.progress.seen)
            _stop(stopping, going, tally)
    return _ended(journal, search, counts, tally, held, clock())


def _survived(visit: Visit, error: BaseException | None) -> Looked | None:
    """What a bug leaves of a visit: the other accounts are looked into all the same. None where there was none."""
    if not _is_bug(error):
        return None
    log.error("sweep_crashed", account=visit.account, exc_info=error)
    reason = f"a bug of guardian, see its log: {type(error).__name__}"
    return Looked(troubles=(Trouble(visit.target, "account", reason),))


def _is_bug(error: BaseException | None) -> bool:
    # What guardian expects comes from the journal here, and ends the sweep.
    return isinstance(error, Exception) and not isinstance(error, GuardianError)


def _stop(stopping: Stopping, going: Iterable[Found], tally: _Tally) -> None:
    """Account by account, many accounts at the same time, each in the order of `going`."""
    by_account = sorted(going, key=lambda found: found.place.target.account)
    groups = groupby(by_account, lambda found: found.place.target.account)
    batches = [tuple(found) for _, found in groups]
    with SideBySide(stopping.stop_all, batches, AT_ONCE) as stops:
        while stops.left:
            for due, future in stops.done():
                if _is_bug(error := future.exception()):
                    account = due[0].place.target.account
                    log.error("sweep_crashed", account=account, exc_info=error)
                else:
                    tally.stopped(future.result())


def _ended(
    journal: Journal,
    search: Search,
    counts: streaks.Streaks,
    tally: _Tally,
    held: Iterable[Held],
    now: datetime,
) -> Swept:
    waiting = [_held(each, now) for each in held]
    findings = [*counts.findings(tally.troubles, now), *waiting] if search.whole else waiting
    journal.note(findings)
    if search.whole:
        streaks.remember(journal, counts)
    return Swept(
        outcomes=tuple(tally.outcomes),
        findings=tuple(findings),
        troubles=tuple(tally.troubles),
        accounts=tally.progress.accounts,
        places=tally.places,
        seen=tally.progress.seen,
        kept=tally.kept,
        held=len(waiting),
    )


def _held(held: Held, now: datetime) -> Finding:
    outcome = held.found.outcome
    return Finding(About.SWEEP, outcome.id, held.reason, now, outcome.target)
