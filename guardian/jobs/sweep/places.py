"""What a sweep looks for, where, and what it found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.documents import moment, pick
from guardian.ids import Target
from guardian.outcome import By, Outcome, Result
from guardian.policy.model import Policy, Rule
from guardian.policy.resolve import Governance
from guardian.verdict import Sighting


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


def outcome_of(found: Found, result: Result, reason: str, search: Search, at: datetime) -> Outcome:
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


def governed_places(governance: Governance) -> Iterator[Place]:
    """Every account, region and kind that a policy governs."""
    policies = {policy.slug: policy for policy in governance.policies}
    for account, slug in sorted(governance.policy_of.items()):
        policy = policies[slug]
        for region in governance.regions[account]:
            for rule in policy.rules:
                yield Place(policy, Target(account, region), rule)
