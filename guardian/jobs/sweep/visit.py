"""How a sweep looks into one account, one call after the other: AWS counts and throttles requests by account."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from guardian.errors import GuardianError, Unavailable
from guardian.jobs.sweep import rights
from guardian.jobs.sweep.look import Sight, look_safely
from guardian.jobs.sweep.places import Found, Place, Search, Trouble, Visit
from guardian.jobs.sweep.stop import finish
from guardian.kinds import all_kinds
from guardian.outcome import Outcome
from guardian.ports import Journal, Members

SILENCE = 2
"""Places in a row that did not answer: then the account is not asked any more in this turn."""
MOST_TROUBLES = 10
"""So many troubles of an account are told, and how many more there are."""


@dataclass(frozen=True)
class Looked:
    """What an account had.

    `finished` is what became of stops that a former sweep left open; `unanswered` are places for the second turn, of
    which nothing is told yet.
    """

    found: tuple[Found, ...] = ()
    finished: tuple[Outcome, ...] = ()
    places: int = 0
    seen: int = 0
    troubles: tuple[Trouble, ...] = ()
    unanswered: tuple[Place, ...] = ()

    @property
    def watched(self) -> tuple[Outcome, ...]:
        """What is due where guardian only observes."""
        return tuple(found.outcome for found in self.found if found.due and not found.stops)


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
    calls = rights.to_look(rules.values(), kinds)
    try:
        there = members.visit(visit.account, calls, patient=visit.again)
    except GuardianError as error:
        if isinstance(error, Unavailable) and visit.places and not visit.again:
            return Looked(unanswered=visit.places)
        return Looked(troubles=(_whole(visit, str(error)),))
    finished = finish(there, journal, visit.intended)
    sights = tuple(_sights(there, search, clock, visit))
    unanswered = _unanswered(visit, sights)
    told = tuple((p, sight) for p, sight in sights if visit.again or not sight.silent)
    left = len(visit.places) - len(told) - len(unanswered)
    return Looked(
        found=tuple(found for _, sight in told for found in sight.found),
        finished=tuple(finished),
        places=len(told),
        seen=sum(sight.seen for _, sight in told),
        troubles=_troubles(visit, told, 0 if search.halted() else left),
        unanswered=unanswered,
    )


def _sights(
    members: Members, search: Search, clock: Callable[[], datetime], visit: Visit
) -> Iterator[tuple[Place, Sight]]:
    """Every place, until the account falls silent or the sweep has to end."""
    silence = 0
    for place in _from_anywhere(visit):
        if search.ending() or search.over(clock()) or silence >= SILENCE:
            return
        with place.bound():
            sight = look_safely(members, place, search, clock())
        silence = silence + 1 if sight.silent else 0
        yield place, sight


def _unanswered(visit: Visit, sights: Iterable[tuple[Place, Sight]]) -> tuple[Place, ...]:
    """In the first turn: what did not answer, and what was left out for it. Nothing is told of it before the second."""
    answered = {(p.target, p.rule.kind.key) for p, sight in sights if not sight.silent}
    left = (p for p in visit.places if (p.target, p.rule.kind.key) not in answered)
    fell_silent = any(sight.silent for _, sight in sights)
    return tuple(left) if fell_silent and not visit.again else ()


def _from_anywhere(visit: Visit) -> tuple[Place, ...]:
    """Each account begins somewhere else, so that not all threads ask the same API at the same time."""
    first = int(visit.account) % len(visit.places) if visit.places else 0
    return (*visit.places[first:], *visit.places[:first])


def _troubles(
    visit: Visit, sights: tuple[tuple[Place, Sight], ...], left: int
) -> tuple[Trouble, ...]:
    troubles = [
        Trouble(place.target, place.rule.kind.key, sight.trouble)
        for place, sight in sights
        if sight.trouble
    ]
    told = troubles[:MOST_TROUBLES]
    if more := len(troubles) - len(told):
        told.append(_whole(visit, f"{more} more of its places could not be looked into either"))
    if left:
        told.append(_whole(visit, f"{left} of its places were left out of this sweep"))
    return tuple(told)


def _whole(visit: Visit, reason: str) -> Trouble:
    return Trouble(visit.target, "account", reason)
