"""Looks into every governed account for what no event announced. Events are fast; the sweep is the promise."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from guardian.jobs.sweep.brake import Held, brake
from guardian.jobs.sweep.look import look_safely
from guardian.jobs.sweep.places import Found, Place, Search, governed_places, outcome_of
from guardian.jobs.sweep.stop import finish, stop
from guardian.outcome import About, Finding, Outcome, Result
from guardian.policy.model import Mode, Rule
from guardian.ports import Journal, Members

__all__ = ["Found", "Place", "Search", "Swept", "governed_places", "sweep_once"]

AT_ONCE = 16


@dataclass(frozen=True)
class Swept:
    """`seen` counts the running resources looked at; `held` those that were due beyond the brakes."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    places: int
    seen: int
    held: int


def sweep_once(
    members: Members,
    journal: Journal,
    places: Iterable[Place],
    search: Search,
    clock: Callable[[], datetime],
) -> Swept:
    """Look everywhere, then stop what is due, the longest overdue first, and no more than the brakes allow."""
    everywhere = tuple(places)
    outcomes = finish(members, journal)
    found, findings, seen = _look_everywhere(members, everywhere, search, clock)
    due = sorted((f for f in found if f.due), key=lambda f: (f.due or clock(), f.sighting.id))
    going, held = brake((f for f in due if _stops(f.place.rule, search)), search.most)
    seen_only = [outcome_of(f, Result.KEPT, f.reason, search, clock()) for f in found if not f.due]
    seen_only += [
        outcome_of(f, Result.WOULD_STOP, f.reason, search, clock())
        for f in due
        if not _stops(f.place.rule, search)
    ]
    journal.record(seen_only)
    outcomes += seen_only
    for found_due in going:
        if search.halted():
            break
        outcomes += stop(members, journal, found_due, search, clock)
    findings += [_held(each, clock()) for each in held]
    journal.note(findings)
    return Swept(tuple(outcomes), tuple(findings), len(everywhere), seen, len(held))


def _look_everywhere(
    members: Members, places: tuple[Place, ...], search: Search, clock: Callable[[], datetime]
) -> tuple[list[Found], list[Finding], int]:
    found: list[Found] = []
    findings: list[Finding] = []
    seen = 0
    with ThreadPoolExecutor(AT_ONCE, "sweep") as pool:
        looks = pool.map(lambda place: look_safely(members, place, search, clock()), places)
        for place, (here, looked, error) in zip(places, looks, strict=True):
            found += here
            seen += looked
            if error:
                findings.append(
                    Finding(About.ACCESS, place.rule.kind.key, error, clock(), place.target)
                )
    return found, findings, seen


def _stops(rule: Rule, search: Search) -> bool:
    return rule.mode is Mode.STOP and not search.observe


def _held(held: Held, now: datetime) -> Finding:
    return Finding(About.SWEEP, held.found.sighting.id, held.reason, now, held.found.place.target)
