"""Keeps something alive for a while: writes the tag that sweep and state machine heed, and records who wanted it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.documents import Document, instant, moment, pick, text
from guardian.errors import InputError, NotFound, Refused
from guardian.ids import Target
from guardian.jobs.sweep import rights
from guardian.jobs.sweep.places import Place, governed_places
from guardian.kinds import all_kinds
from guardian.kinds.base import KEEP_UNTIL, Kind, Phase
from guardian.outcome import By, Outcome, Result
from guardian.policy.durations import spoken
from guardian.policy.model import Mode
from guardian.policy.nearest import hint
from guardian.policy.resolve import Governance
from guardian.ports import Journal, Members
from guardian.verdict import (
    KEEP_UNTIL_FORM,
    UNCLEAR_KEEP_UNTIL,
    Sighting,
    owner_of,
    stop_of,
    tags_of,
)

FIRST_KEPT = "first kept"
"""What the journal's memory of when a run was first kept begins with."""


@dataclass(frozen=True)
class Wish:
    """Until when something is to be kept alive, and who wants it."""

    until: datetime
    by: str


@dataclass(frozen=True)
class Kept:
    """Something is kept alive until then; `new` says whether it was not before."""

    until: datetime
    new: bool


def place_of(governance: Governance, target: Target, kind: str) -> Place:
    """Where a kind is governed in a target, under which rule. Raises InputError, with the reason, where it is not."""
    if kind not in all_kinds():
        raise InputError(f"there is no kind {kind}{hint(kind, all_kinds())}")
    account = target.account
    if account not in governance.policy_of:
        why = governance.ungoverned.get(account, "it is not in the organization")
        raise InputError(f"account {account} is not governed: {why}")
    if target.region not in governance.regions[account]:
        regions = ", ".join(governance.regions[account])
        raise InputError(f"{target.region} is not governed in {account}: only {regions}")
    for place in governed_places(governance):
        if place.target == target and place.rule.kind.key == kind:
            return place
    raise InputError(f"policy {governance.policy_of[account]} does not govern {kind}")


def keep_once(
    members: Members, journal: Journal, place: Place, identifier: str, wish: Wish, now: datetime
) -> Kept:
    """Keep it alive until a moment, if its policy allows that. Doing the same again changes nothing.

    Raises NotFound for what is gone or ending, Refused where it cannot or may not be kept, AccessDenied, Unavailable.
    """
    kind, until = place.rule.kind, writable(wish.until)
    _check(place, until, now)
    there = members.visit(place.target.account, rights.to_keep(kind))
    seen = _alive(there, place, identifier)
    held = _kept_until(kind, seen)
    if held is not None and held > until:
        return Kept(held, new=False)
    sighting = Sighting(identifier, place.target, seen)
    since = _since(journal, place, sighting, now)
    _check_bound(place, until, since)
    if held != until:
        journal.remember(_memory(place, sighting), instant(since))
        there.keep(kind, place.target, identifier, until)
    journal.record([_outcome(place, sighting, Wish(until, wish.by), now)])
    return Kept(until, new=held != until)


def writable(until: datetime) -> datetime:
    """The moment to the second, as the tag can say it: who reads it knows no 29 February."""
    exact = until.replace(microsecond=0)
    if re.fullmatch(KEEP_UNTIL_FORM, f"{exact:%Y-%m-%dT%H:%M:%SZ}"):
        return exact
    return exact.replace(hour=0, minute=0, second=0) + timedelta(days=1)


def _check(place: Place, until: datetime, now: datetime) -> None:
    kind, policy = place.rule.kind, place.policy
    if place.rule.mode is not Mode.STOP:
        raise Refused(f"policy {policy.slug} only observes {kind.key}: nothing would stop it")
    if kind.keep is None:
        raise Refused(f"a {kind.title} cannot be tagged, so guardian cannot keep one alive")
    if until <= now:
        raise Refused(f"{_spoken(until)} is over: name a moment that is to come")


def _alive(members: Members, place: Place, identifier: str) -> Document:
    """What is seen of it. Raises NotFound where there is nothing left to keep."""
    kind = place.rule.kind
    try:
        seen = members.look(kind, place.target, identifier, None)
    except NotFound as error:
        message = (
            f"there is no {kind.title} {identifier} in {place.target}: it is gone, or never was"
        )
        raise NotFound(message) from error
    status = text(seen, kind.status)
    if kind.phase(status) in {Phase.ENDING, Phase.OVER}:
        raise NotFound(f"{identifier} is {status} already: there is nothing left to keep alive")
    return seen


def _kept_until(kind: Kind, seen: Document) -> datetime | None:
    said = tags_of(kind, seen).get(KEEP_UNTIL)
    if said is None:
        return None
    until = moment(said) if re.fullmatch(KEEP_UNTIL_FORM, said) else None
    if until is None:
        raise Refused(f"{UNCLEAR_KEEP_UNTIL}: it is kept for good; correct the tag, or remove it")
    return until


def _since(journal: Journal, place: Place, sighting: Sighting, now: datetime) -> datetime:
    """From when its time counts: from the first keep of this run, or from when it was due if that is later."""
    first = moment(journal.recall(_memory(place, sighting)))
    if first is not None:
        return first
    kind = place.rule.kind
    if moment(pick(sighting.seen, kind.start)) is None:
        return now
    return max(now, stop_of(kind, place.rule, sighting, now).due)


def _memory(place: Place, sighting: Sighting) -> str:
    started = text(sighting.seen, place.rule.kind.start)
    return f"{FIRST_KEPT} {place.target} {place.rule.kind.key} {sighting.id} {started}"


def _check_bound(place: Place, until: datetime, since: datetime) -> None:
    most, policy = place.policy.max_keep, place.policy.slug
    if until > writable(since + most):
        raise Refused(
            f"it may be kept alive until {_spoken(since + most)} at most: for {spoken(most)} in all from"
            f" {_spoken(since)}, says policy {policy} (notify.max_keep)"
        )


def _spoken(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _outcome(place: Place, sighting: Sighting, wish: Wish, now: datetime) -> Outcome:
    """What the digest tells. Without its start: a run may be kept several times, and each is told."""
    kind = place.rule.kind
    return Outcome(
        result=Result.KEPT,
        kind=kind.key,
        id=sighting.id,
        target=place.target,
        policy=place.policy.slug,
        at=now,
        by=By.EVENT,
        reason=f"kept alive until {_spoken(wish.until)} by {wish.by}",
        owner=owner_of(kind, sighting.seen, ""),
        trace=f"keep {instant(wish.until)} {wish.by}",
    )
