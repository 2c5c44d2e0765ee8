"""How a sweep looks at what runs in a place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.documents import Document
from guardian.errors import GuardianError, NotFound, Refused, Unavailable
from guardian.jobs.sweep.places import Found, Place, Search, seen_outcome
from guardian.kinds.base import IdleSamples, Phase
from guardian.outcome import Outcome, Result
from guardian.policy.model import Rule
from guardian.ports import Candidate, Members, Origin
from guardian.verdict import (
    Gone,
    Keep,
    LookAgain,
    Sighting,
    Stop,
    exemptions,
    grace,
    idle_pause,
    judge,
    owner_of,
    stop_of,
    tags_of,
)


@dataclass(frozen=True)
class Sight:
    """What was found in a place, how many running things were looked at, and what went wrong, "" for nothing.

    `silent` tells that the account did not answer in time.
    """

    found: tuple[Found, ...] = ()
    seen: int = 0
    trouble: str = ""
    silent: bool = False


def look_safely(members: Members, place: Place, search: Search, now: datetime) -> Sight:
    """One place's trouble is that place's trouble; what was found before it counts."""
    found: list[Found] = []
    troubles: list[str] = []
    seen, silent = 0, False
    try:
        for candidate in _running(members, place, now):
            seen += 1
            try:
                found += look(members, place, candidate, search, now)
            except Refused as error:  # of this resource; its neighbours are looked at all the same
                troubles.append(f"{candidate.id}: {error}")
    except GuardianError as error:
        silent = isinstance(error, Unavailable)
        troubles.append(str(error))
    return Sight(tuple(found), seen, "; ".join(troubles), silent)


def _running(members: Members, place: Place, now: datetime) -> Iterator[Candidate]:
    """What runs and is not young: nobody needs a second look at what is within its grace."""
    kind = place.rule.kind
    for candidate in members.candidates(kind, place.target):
        young = candidate.started is not None and now < candidate.started + grace(place.rule)
        if kind.phase(candidate.status) in {Phase.LIVE, Phase.PENDING} and not young:
            yield candidate


def look(
    members: Members,
    place: Place,
    candidate: Candidate,
    search: Search,
    now: datetime,
    before: Found | None = None,
) -> Iterator[Found]:
    """It as it was found, unless there is nothing to say of it. Raises AccessDenied, Unavailable, Refused.

    `before` is what an earlier look found: who started it is not asked a second time.
    """
    margin = search.margin + (place.rule.warn_before or timedelta())
    rule = _patient(place.rule, margin)
    sampled = rule.idle if isinstance(rule.measured, IdleSamples) else None
    window = (now - sampled, now) if sampled else None
    try:
        seen = members.look(rule.kind, place.target, candidate.id, window, candidate.read)
    except NotFound:
        return
    sighting = Sighting(candidate.id, place.target, seen)
    verdict = judge(rule.kind, _without_origins(rule), sighting, now)
    if isinstance(verdict, Stop) and _rested(rule, now - margin):
        return
    base, origin = seen_outcome(place, sighting, search, now), None
    if isinstance(verdict, Stop) and _must_know(rule, seen):
        origin = _origin(members, base, rule, before)
        sighting = _traced(sighting, origin)
        verdict = judge(rule.kind, rule, sighting, now)
    owned = replace(base, owner=owner_of(rule.kind, seen, origin.owner if origin else ""))
    match verdict:
        case Stop():
            stop = stop_of(rule.kind, place.rule, sighting, now)
            result = Result.STOPPED if search.stops(rule) else Result.WOULD_STOP
            due = replace(owned, result=result, due=stop.due, reason=search.reason or stop.reason)
            yield Found(place, due, origin)
        case Keep(reason=reason):
            yield Found(place, replace(owned, reason=reason), origin)
        case LookAgain() | Gone():
            pass


def _must_know(rule: Rule, seen: Document) -> bool:
    """Whether it matters who started it: CloudTrail answers two such questions a second."""
    asked = any(e.principal or e.origin for e in exemptions(rule))
    return asked or "owner" not in tags_of(rule.kind, seen)


def _origin(members: Members, seen: Outcome, rule: Rule, before: Found | None) -> Origin | None:
    if before and before.origin and before.outcome.started == seen.started:
        return before.origin
    return members.origin(rule.kind, seen.target, seen.id, seen.started or seen.at)


def _patient(rule: Rule, margin: timedelta) -> Rule:
    """The rule as the sweep applies it: the resource's own execution has the first word, and warns before it stops."""
    idle = rule.idle + _late(rule, rule.idle) + margin if rule.idle else None
    longest = None if rule.max_age is None else rule.max_age + margin
    return replace(rule, grace=rule.grace + margin, idle=idle, max_age=longest)


def _late(rule: Rule, idle: timedelta) -> timedelta:
    """How long after it became idle enough its execution may look: it cannot know before when samples will tell."""
    return idle_pause(idle) if isinstance(rule.measured, IdleSamples) else timedelta(0)


def _rested(rule: Rule, then: datetime) -> bool:
    """Whether the rule rested at a moment. All executions wake when its rest ends: they go first."""
    return rule.hours is not None and rule.hours.rest_ends(then) is not None


def _without_origins(rule: Rule) -> Rule:
    """Asking who started it, and from where, is slow: only for what would be stopped otherwise."""
    known = tuple(e for e in rule.exempt if not (e.principal or e.origin))
    return replace(rule, exempt=known)


def _traced(sighting: Sighting, origin: Origin | None) -> Sighting:
    if origin is None:
        return sighting
    return replace(sighting, principals=origin.principals, origins=(origin.origin,))
