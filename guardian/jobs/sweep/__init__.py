"""Looks into every governed account for what no event announced. Events are fast; the sweep is the promise.

One account at a time is a thread's work, and many threads are at it: first all look, then what is due is stopped, the
longest overdue first, as far as the brake allows. An account that does not answer holds up no other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby

import structlog
from structlog.contextvars import bound_contextvars

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
from guardian.jobs.sweep.tally import Progress, Tally, Told
from guardian.jobs.sweep.visit import Looked, look_into
from guardian.outcome import About, Finding, Outcome
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

AT_ONCE = 128
"""Accounts that are looked into at the same time: enough to fill the waits of one process with work."""

log = structlog.get_logger("guardian.sweep")


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


def sweep_once(
    members: Members,
    journal: Journal,
    places: Iterable[Place],
    search: Search,
    clock: Callable[[], datetime],
    told: Told = lambda _: None,
) -> Swept:
    """Look everywhere, then stop what is due, and no more than the brakes allow. `places` come account by account.

    What does not answer has a second turn when all else is done. Raises Unavailable where the journal cannot be used:
    then nothing more is stopped.
    """
    tally = Tally(told)
    turn = _Turn(members, journal, search, clock, tally, Brake(search.most, search.share))
    held = turn.take(visits(places, journal.intended()), ())
    silent, unstopped = tally.take_unanswered()
    if (silent or unstopped) and not search.halted():
        again = replace(turn, again=True)
        again.stop(unstopped)
        held = again.take((replace(v, again=True) for v in visits(silent, ())), held)
    return _ended(journal, search, tally, held, clock())


@dataclass(frozen=True)
class _Turn:
    """Looks and stops. `brake` counts for both turns of a sweep."""

    members: Members
    journal: Journal
    search: Search
    clock: Callable[[], datetime]
    tally: Tally
    brake: Brake
    again: bool = False

    def take(self, there: Iterable[Visit], held: Iterable[Held]) -> list[Held]:
        """Look into accounts, and stop what is due; `held` was due before. Answers what is held now."""
        waiting = list(held)
        work = partial(look_into, self.members, self.journal, self.search, self.clock)
        with SideBySide(partial(_bound, work), there, AT_ONCE) as looks:
            while looks.left:
                for visit, future in looks.done():
                    looked = _survived(visit, future.exception()) or future.result()
                    if watched := [found.outcome for found in looked.found if not found.stops]:
                        self.journal.record(watched)
                    self.tally.add(visit.account, looked)
                # What is held may go when more has been seen.
                due = self.tally.take_due(each.found for each in waiting)
                going, waiting = self.brake.part(due, self.tally.progress.seen)
                self.stop(going)
        return waiting

    def stop(self, going: Iterable[Found]) -> None:
        """Account by account, many accounts at the same time, each in the order of `going`."""
        stopping = Stopping(self.members, self.journal, self.search, self.clock, self.again)
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
                        self.tally.stopped(future.result())


def _bound(work: Callable[[Visit], Looked], visit: Visit) -> Looked:
    with bound_contextvars(account=visit.account):
        return work(visit)


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


def _ended(
    journal: Journal, search: Search, tally: Tally, held: Iterable[Held], now: datetime
) -> Swept:
    findings = [_held(each, now) for each in held]
    waiting = len(findings)
    if search.whole:
        counts = streaks.recall(journal)
        counts.count(tally.visited, tally.troubles)
        findings = [*counts.findings(tally.troubles, now), *findings]
        streaks.remember(journal, counts)
    journal.note(findings)
    return Swept(
        outcomes=tuple(tally.outcomes),
        findings=tuple(findings),
        troubles=tuple(tally.troubles),
        accounts=tally.progress.accounts,
        places=tally.places,
        seen=tally.progress.seen,
        kept=tally.kept,
        held=waiting,
    )


def _held(held: Held, now: datetime) -> Finding:
    outcome = held.found.outcome
    return Finding(About.SWEEP, outcome.id, held.reason, now, outcome.target)
