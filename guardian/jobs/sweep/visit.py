"""How a sweep looks into one account, one call after the other: AWS counts and throttles requests by account."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from guardian.errors import GuardianError
from guardian.jobs.sweep import rights
from guardian.jobs.sweep.look import Sight, look_safely
from guardian.jobs.sweep.places import Found, Place, Search, Trouble, Visit
from guardian.jobs.sweep.stop import finish
from guardian.kinds import all_kinds
from guardian.outcome import Outcome
from guardian.ports import Journal, Members

SILENCE = 2
"""Places in a row that did not answer: then the account is not asked any more in this sweep."""
MOST_TROUBLES = 10
"""So many troubles of an account are told, and how many more there are."""


@dataclass(frozen=True)
class Looked:
    """What an account had: `finished` is what became of stops that a former sweep left open."""

    found: tuple[Found, ...] = ()
    finished: tuple[Outcome, ...] = ()
    places: int = 0
    seen: int = 0
    troubles: tuple[Trouble, ...] = ()


def look_into(
    members: Members,
    journal: Journal,
    search: Search,
    clock: Callable[[], datetime],
    visit: Visit,
) -> Looked:
    """Make sure of what was left open, then look into every place. One account's trouble is that account's trouble."""
    if search.halted():
        return Looked()
    if search.over(clock()):
        return Looked(troubles=(_whole(visit, "the sweep's time was over before its turn"),))
    kinds = [all_kinds()[key] for key in {outcome.kind for outcome in visit.intended}]
    rules = {place.rule.kind.key: place.rule for place in visit.places}
    try:
        there = members.visit(visit.account, rights.to_look(rules.values(), kinds))
    except GuardianError as error:
        return Looked(troubles=(_whole(visit, str(error)),))
    finished = finish(there, journal, visit.intended)
    sights = tuple(_sights(there, search, clock, visit))
    return Looked(
        found=tuple(found for _, sight in sights for found in sight.found),
        finished=tuple(finished),
        places=len(sights),
        seen=sum(sight.seen for _, sight in sights),
        troubles=_troubles(sights, visit, search),
    )


def _sights(
    members: Members, search: Search, clock: Callable[[], datetime], visit: Visit
) -> Iterator[tuple[Place, Sight]]:
    """Every place, until the account falls silent or the sweep has to end."""
    silence = 0
    for place in _from_anywhere(visit):
        if search.ending() or search.over(clock()) or silence >= SILENCE:
            return
        sight = look_safely(members, place, search, clock())
        silence = silence + 1 if sight.silent else 0
        yield place, sight


def _from_anywhere(visit: Visit) -> tuple[Place, ...]:
    """Each account begins somewhere else, so that not all threads ask the same API at the same time."""
    first = int(visit.account) % len(visit.places) if visit.places else 0
    return (*visit.places[first:], *visit.places[:first])


def _troubles(
    sights: tuple[tuple[Place, Sight], ...], visit: Visit, search: Search
) -> tuple[Trouble, ...]:
    troubles = [
        Trouble(place.target, place.rule.kind.key, sight.trouble)
        for place, sight in sights
        if sight.trouble
    ]
    told = troubles[:MOST_TROUBLES]
    if more := len(troubles) - len(told):
        told.append(_whole(visit, f"{more} more of its places could not be looked into either"))
    left = len(visit.places) - len(sights)
    if left and not search.halted():
        told.append(_whole(visit, f"{left} of its places were left out of this sweep"))
    return tuple(told)


def _whole(visit: Visit, reason: str) -> Trouble:
    return Trouble(visit.target, "account", reason)
