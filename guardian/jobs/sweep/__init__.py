"""Looks into every governed account for what no event announced. Events are fast; the sweep is the promise.

One account at a time is a thread's work, and many threads are at it: first all look, then what is due is stopped, the
longest overdue first, as far as the brake allows. An account that does not answer holds up no other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from guardian.jobs.sweep import streaks
from guardian.jobs.sweep.brake import Brake, Held
from guardian.jobs.sweep.course import Course
from guardian.jobs.sweep.places import Place, Search, Trouble, governed_places, visits
from guardian.jobs.sweep.tally import Progress, Tally, Told
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

    What does not answer has a second turn when all others have begun their first. Raises Unavailable where the journal
    cannot be used: then nothing more is stopped.
    """
    brake = Brake(search.most, search.share)
    course = Course(members, journal, search, clock, Tally(told), brake)
    held = course.run(visits(places, journal.intended()))
    return _ended(journal, search, course.tally, held, clock())


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
