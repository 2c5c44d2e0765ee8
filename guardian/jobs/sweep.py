"""Looks into every governed account for what no event announced. Events are fast; the sweep is the promise."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guardian.documents import moment, pick
from guardian.errors import GuardianError, NotFound, Refused, Unavailable
from guardian.ids import Target
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.policy.model import Mode, Policy, Rule
from guardian.policy.resolve import Governance
from guardian.ports import Journal, Members
from guardian.verdict import (
    Gone,
    Keep,
    LookAgain,
    Sighting,
    Stop,
    idle_pause,
    judge,
    stop_reason,
    tags_of,
)

AT_ONCE = 16
CONFIRMATIONS = 20
BETWEEN_CONFIRMATIONS = timedelta(seconds=3)


@dataclass(frozen=True)
class Search:
    """How a sweep goes about it.

    `margin` is how long a resource that is due is left to its own execution; `most` how many may be stopped in one
    sweep; `wait` lets real time pass; `trace` names the sweep in its outcomes; `halted` tells that it should end early,
    between two places or two stops.
    """

    margin: timedelta
    most: int
    wait: Callable[[timedelta], None]
    trace: str
    observe: bool = False
    halted: Callable[[], bool] = bool


@dataclass(frozen=True)
class Place:
    """One kind in one account and region, under its rule."""

    policy: Policy
    target: Target
    rule: Rule


@dataclass(frozen=True)
class Found:
    """A resource as it was seen: due since a moment, or kept and due never."""

    place: Place
    sighting: Sighting
    due: datetime | None
    reason: str
    owner: str


@dataclass(frozen=True)
class Swept:
    """`seen` counts the running resources looked at; `held` those that were due beyond the brake."""

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
    """Look everywhere, then stop what is due, the longest overdue first, and no more than the brake allows."""
    everywhere = tuple(places)
    outcomes = _finish(members, journal)
    found, findings, seen = _look_everywhere(members, everywhere, search, clock)
    due = sorted((f for f in found if f.due), key=lambda f: (f.due or clock(), f.sighting.id))
    stopping = [f for f in due if _stops(f.place.rule, search)]
    held = stopping[search.most :]
    seen_only = [_outcome(f, Result.KEPT, f.reason, search, clock()) for f in found if not f.due]
    seen_only += [
        _outcome(f, Result.WOULD_STOP, f.reason, search, clock())
        for f in due
        if not _stops(f.place.rule, search)
    ]
    journal.record(seen_only)
    outcomes += seen_only
    for found_due in stopping[: search.most]:
        if search.halted():
            break
        outcomes += _stop(members, journal, found_due, search, clock)
    findings += _held(held, search, clock())
    journal.note(findings)
    return Swept(tuple(outcomes), tuple(findings), len(everywhere), seen, len(held))


def _look_everywhere(
    members: Members, places: tuple[Place, ...], search: Search, clock: Callable[[], datetime]
) -> tuple[list[Found], list[Finding], int]:
    found: list[Found] = []
    findings: list[Finding] = []
    seen = 0
    with ThreadPoolExecutor(AT_ONCE, "sweep") as pool:
        looks = pool.map(lambda place: _look_safely(members, place, search, clock()), places)
        for place, (here, looked, error) in zip(places, looks, strict=True):
            found += here
            seen += looked
            if error:
                findings.append(
                    Finding(About.ACCESS, place.rule.kind.key, error, clock(), place.target)
                )
    return found, findings, seen


def _look_safely(
    members: Members, place: Place, search: Search, now: datetime
) -> tuple[list[Found], int, str]:
    """One place's trouble is that place's trouble; what was found before it counts."""
    found: list[Found] = []
    troubles: list[str] = []
    looked = 0
    if search.halted():
        return found, looked, ""
    try:
        for identifier in _running(members, place, now):
            looked += 1
            try:
                found += _look(members, place, identifier, search, now)
            except Refused as error:  # of this resource; its neighbours are looked at all the same
                troubles.append(f"{identifier}: {error}")
    except GuardianError as error:
        troubles.append(str(error))
    return found, looked, "; ".join(troubles)


def _running(members: Members, place: Place, now: datetime) -> Iterator[str]:
    """What runs and is not young: nobody needs a second look at what is within its grace."""
    kind, grace = place.rule.kind, place.rule.grace
    for candidate in members.candidates(kind, place.target):
        young = candidate.started is not None and now < candidate.started + grace
        if kind.phase(candidate.status) in {Phase.LIVE, Phase.PENDING} and not young:
            yield candidate.id


def _look(
    members: Members, place: Place, identifier: str, search: Search, now: datetime
) -> Iterator[Found]:
    rule = _patient(place.rule, search.margin)
    window = (now - rule.idle, now) if rule.idle and rule.kind.idle else None
    try:
        seen = members.look(rule.kind, place.target, identifier, window)
    except NotFound:
        return
    sighting = Sighting(identifier, place.target, seen)
    verdict = judge(rule.kind, _without_principals(rule), sighting, now)
    origin = None
    if isinstance(verdict, Stop):
        started = moment(pick(seen, rule.kind.start)) or now
        origin = members.origin(rule.kind, place.target, identifier, started)
        sighting = replace(sighting, principals=origin.principals if origin else ())
        verdict = judge(rule.kind, rule, sighting, now)
    owner = tags_of(rule.kind, seen).get("owner") or (origin.owner if origin else "")
    match verdict:
        case Stop(due=due):
            patience = _span(rule) - _span(place.rule)
            yield Found(place, sighting, due - patience, stop_reason(place.rule), owner)
        case Keep(reason=reason):
            yield Found(place, sighting, None, reason, owner)
        case LookAgain() | Gone():
            pass


def _patient(rule: Rule, margin: timedelta) -> Rule:
    """The rule as the sweep applies it: the resource's own execution has the first word."""
    idle = rule.idle + idle_pause(rule.idle) + margin if rule.idle else None
    return replace(rule, grace=rule.grace + margin, idle=idle)


def _span(rule: Rule) -> timedelta:
    return rule.grace + (rule.idle or timedelta())


def _without_principals(rule: Rule) -> Rule:
    """Asking who started it is slow: only for what would be stopped otherwise."""
    return replace(rule, exempt=tuple(e for e in rule.exempt if not e.principal))


def _stops(rule: Rule, search: Search) -> bool:
    return rule.mode is Mode.STOP and not search.observe


def _finish(members: Members, journal: Journal) -> list[Outcome]:
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


def _stop(
    members: Members,
    journal: Journal,
    found: Found,
    search: Search,
    clock: Callable[[], datetime],
) -> list[Outcome]:
    """Stop it if a last look says the same; nothing to report where it does not."""
    identifier = found.sighting.id
    try:
        if not any(
            again.due for again in _look(members, found.place, identifier, search, clock())
        ):
            return []
    except GuardianError as error:
        failed = [_outcome(found, Result.FAILED, str(error), search, clock())]
        journal.record(failed)
        return failed
    # First the intention: a crash loses no stop that was made.
    intended = _outcome(found, Result.STOPPED, found.reason, search, clock())
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
        return _outcome(found, Result.GONE, "it is gone", search, clock())
    except Unavailable:
        raise
    except GuardianError as error:
        return _outcome(found, Result.FAILED, str(error), search, clock())
    return _outcome(found, Result.FAILED, "it runs on after a stop call", search, clock())


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


def _outcome(found: Found, result: Result, reason: str, search: Search, at: datetime) -> Outcome:
    kind, seen = found.place.rule.kind, found.sighting.seen
    return Outcome(
        result=result,
        kind=kind.key,
        id=found.sighting.id,
        target=found.place.target,
        policy=found.place.policy.slug,
        at=at,
        by=By.SWEEP,
        reason=reason,
        owner=found.owner,
        started=moment(pick(seen, kind.start)),
        due=found.due,
        facts={
            name: value
            for name, path in kind.facts.items()
            if (value := pick(seen, path)) is not None
        },
        trace=search.trace,
    )


def _held(held: Iterable[Found], search: Search, now: datetime) -> Iterator[Finding]:
    for found in held:
        reason = f"held: more than {search.most} were due in one sweep"
        yield Finding(About.SWEEP, found.sighting.id, reason, now, found.place.target)


def governed_places(governance: Governance) -> Iterator[Place]:
    """Every account, region and kind that a policy governs."""
    policies = {policy.slug: policy for policy in governance.policies}
    for account, slug in sorted(governance.policy_of.items()):
        policy = policies[slug]
        for region in governance.regions[account]:
            for rule in policy.rules:
                yield Place(policy, Target(account, region), rule)
