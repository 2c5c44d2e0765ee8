"""What a sweep looks for, where, and what it found."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from structlog.contextvars import bound_contextvars

from guardian.documents import moment, pick
from guardian.ids import AccountId, Target
from guardian.outcome import By, Outcome, Result
from guardian.policy.model import Mode, Policy, Rule
from guardian.policy.resolve import Governance
from guardian.ports import Origin
from guardian.verdict import Sighting


@dataclass(frozen=True)
class Search:
    """How a sweep goes about it.

    `margin` is how long a resource that is due is left to its own execution. So many may be stopped in one sweep:
    `most`, or `share` of the running resources that were seen where that is more, none where `most` is 0. `wait` lets
    real time pass; `trace` names the sweep in its outcomes; `halted` tells that it should end early, between two
    accounts or two stops, `ending` that guardian ends: it is asked so often that it must cost nothing. `deadline` is
    when it ends in any case. A sweep that is `whole` looks everywhere. `by` is how what
    it stops was noticed, `reason` why it is stopped where that is not for its rule.
    """

    margin: timedelta
    most: int
    wait: Callable[[timedelta], None]
    trace: str
    share: float = 0.0
    observe: bool = False
    halted: Callable[[], bool] = bool
    ending: Callable[[], bool] = bool
    deadline: datetime | None = None
    whole: bool = True
    by: By = By.SWEEP
    reason: str = ""

    def over(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.deadline is not None and now >= self.deadline

    def stops(self, rule: Rule) -> bool:
        """Whether it stops what is due under a rule."""
        return rule.mode is Mode.STOP and not self.observe


@dataclass(frozen=True)
class Place:
    """One kind in one account and region, under its rule."""

    policy: Policy
    target: Target
    rule: Rule

    def bound(self) -> AbstractContextManager[None]:
        """What is logged meanwhile is said of it; its account is bound already."""
        return bound_contextvars(region=self.target.region, policy=self.policy.slug)


@dataclass(frozen=True)
class Visit:
    """All there is to do in an account: places to look into, and stops of a former sweep to make sure of.

    `again` is the second turn in a sweep, which is more patient.
    """

    account: AccountId
    places: tuple[Place, ...]
    intended: tuple[Outcome, ...] = ()
    again: bool = False

    @property
    def target(self) -> Target:
        """The account, in the first of its regions: for what is said of all of it."""
        return self.places[0].target if self.places else self.intended[0].target


@dataclass(frozen=True)
class Found:
    """A resource as it was seen, and the outcome that the sweep means to give it: stopped, would_stop or kept.

    `origin` is who started it, None where nobody could tell, or nobody had to.
    """

    place: Place
    outcome: Outcome
    origin: Origin | None = None

    @property
    def due(self) -> bool:
        return self.outcome.result is not Result.KEPT

    @property
    def stops(self) -> bool:
        return self.outcome.result is Result.STOPPED

    @property
    def turn(self) -> tuple[datetime, str, Target]:
        """The order of stops: the longest overdue first."""
        return self.outcome.due or self.outcome.at, self.outcome.id, self.outcome.target


@dataclass(frozen=True)
class Trouble:
    """Why a place, or what is left of an account, could not be looked into. `subject` is the kind, or the account."""

    target: Target
    subject: str
    reason: str


def seen_outcome(place: Place, sighting: Sighting, search: Search, now: datetime) -> Outcome:
    """What is known of a resource that was seen, before anything is judged: it is kept for no reason yet."""
    kind, seen = place.rule.kind, sighting.seen
    return Outcome(
        result=Result.KEPT,
        kind=kind.key,
        id=sighting.id,
        target=place.target,
        policy=place.policy.slug,
        at=now,
        by=search.by,
        started=moment(pick(seen, kind.start)),
        facts={
            name: value
            for name, path in kind.facts.items()
            if (value := pick(seen, path)) is not None
        },
        trace=search.trace,
    )


def governed_places(governance: Governance) -> Iterator[Place]:
    """Every account, region and kind that a policy governs, account by account."""
    policies = {policy.slug: policy for policy in governance.policies}
    for account, slug in sorted(governance.policy_of.items()):
        policy = policies[slug]
        for region in governance.regions[account]:
            for rule in policy.rules:
                yield Place(policy, Target(account, region), rule)


def visits(places: Iterable[Place], intended: Iterable[Outcome]) -> Iterator[Visit]:
    """The places by account, in their order, as they are asked for; then the accounts in which only stops are open."""
    left: dict[AccountId, list[Outcome]] = {}
    for outcome in intended:
        left.setdefault(outcome.target.account, []).append(outcome)
    for account, here in groupby(places, lambda place: place.target.account):
        yield Visit(account, tuple(here), tuple(left.pop(account, ())))
    for account, outcomes in left.items():
        yield Visit(account, (), tuple(outcomes))
