"""How a sweep stops what is due, so that no stop is lost whatever ends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from guardian.documents import pick
from guardian.errors import GuardianError, NotFound, Unavailable
from guardian.ids import Target
from guardian.jobs.sweep.look import look
from guardian.jobs.sweep.places import Found, Search, outcome_of
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase
from guardian.outcome import Outcome, Result
from guardian.ports import Journal, Members

CONFIRMATIONS = 20
BETWEEN_CONFIRMATIONS = timedelta(seconds=3)


def finish(members: Members, journal: Journal) -> list[Outcome]:
    """What a sweep that was killed between a stop call and its outcome has really done."""
    finished: list[Outcome] = []
    for intended in journal.intended():
        kind = all_kinds()[intended.kind]
        try:
            stopped = _has_ended(members, kind, intended.target, intended.id)
        except GuardianError:
            continue  # nobody can tell now: the next sweep asks again
        # What runs on is judged anew, like everything else.
        outcomes = [intended] if stopped else []
        journal.settle(intended, outcomes)
        finished += outcomes
    return finished


def stop(
    members: Members,
    journal: Journal,
    found: Found,
    search: Search,
    clock: Callable[[], datetime],
) -> list[Outcome]:
    """Stop it if a last look says the same; nothing to report where it does not."""
    identifier = found.sighting.id
    try:
        if not any(again.due for again in look(members, found.place, identifier, search, clock())):
            return []
    except GuardianError as error:
        failed = [outcome_of(found, Result.FAILED, str(error), search, clock())]
        journal.record(failed)
        return failed
    # First the intention: a crash loses no stop that was made.
    intended = outcome_of(found, Result.STOPPED, found.reason, search, clock())
    journal.intend(intended)
    try:
        outcome = _stopped(members, found, intended, search, clock)
    except Unavailable:
        return []  # nobody can tell what came of it: the next sweep asks again
    journal.settle(intended, [outcome])
    return [outcome]


def _stopped(
    members: Members,
    found: Found,
    intended: Outcome,
    search: Search,
    clock: Callable[[], datetime],
) -> Outcome:
    """Make the stop call and see what comes of it. Raises Unavailable when that cannot be seen."""
    try:
        members.stop(found.place.rule.kind, found.place.target, found.sighting.id)
        at = clock()
        if _ended(members, found, search):
            return replace(intended, at=at)
    except NotFound:
        return outcome_of(found, Result.GONE, "it is gone", search, clock())
    except Unavailable:
        raise
    except GuardianError as error:
        return outcome_of(found, Result.FAILED, str(error), search, clock())
    return outcome_of(found, Result.FAILED, "it runs on after a stop call", search, clock())


def _ended(members: Members, found: Found, search: Search) -> bool:
    """Whether it is seen to end: a stop call that was accepted proves nothing."""
    for _ in range(CONFIRMATIONS):
        if _has_ended(members, found.place.rule.kind, found.place.target, found.sighting.id):
            return True
        if search.halted():
            raise Unavailable("guardian was told to stop before the end was seen")
        search.wait(BETWEEN_CONFIRMATIONS)
    return False


def _has_ended(members: Members, kind: Kind, target: Target, identifier: str) -> bool:
    try:
        seen = members.look(kind, target, identifier, None)
    except NotFound:
        return True
    return kind.phase(str(pick(seen, kind.status))) in {Phase.ENDING, Phase.OVER}
