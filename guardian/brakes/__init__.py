"""What holds a plan that is true but too much at once, or at the wrong time. The plan stays as it is. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from guardian.desire import DesiredState
from guardian.ids import AccountId
from guardian.plan import Action, DeployedStackSet, Plan
from guardian.policy.hours import Hours


@dataclass(frozen=True)
class Freeze:
    """Days on which nothing is rolled out; `until` is the first on which it is again."""

    since: date
    until: date
    reason: str = ""
    timezone: str = "UTC"

    def holds(self, now: datetime) -> bool:
        return self.since <= now.astimezone(ZoneInfo(self.timezone)).date() < self.until

    def __str__(self) -> str:
        return f"rollouts are frozen until {self.until}" + (f": {self.reason}" * bool(self.reason))


@dataclass(frozen=True)
class Brakes:
    """How much may happen unasked, and when.

    Each share is of what there is, each minimum may happen in any case: stack instances that are deleted, accounts in
    which guardian begins to stop things, accounts with stacks that are in the organization no more. Where there are
    `hours`, plans go in them only. One sweep may stop `stops_per_sweep` resources, or `share_per_sweep` of those that
    it sees running where that is more.
    """

    delete_share: float = 0.3
    delete_minimum: int = 10
    stop_share: float = 0.3
    stop_minimum: int = 10
    vanish_share: float = 0.1
    vanish_minimum: int = 5
    stops_per_sweep: int = 50
    share_per_sweep: float = 0.2
    freezes: tuple[Freeze, ...] = ()
    hours: Hours | None = None


@dataclass(frozen=True)
class Scene:
    """A plan and what it was made from; `members` are all the accounts of the organization as it was read."""

    plan: Plan
    desired: DesiredState
    deployed: tuple[DeployedStackSet, ...]
    members: frozenset[AccountId]


def hold(scene: Scene, brakes: Brakes, now: datetime) -> str | None:
    """Why the plan is held, None where it may go. One without changes is never held."""
    if not scene.plan.changes:
        return None
    held = (
        _deletes(scene, brakes),
        _begins_to_stop(scene, brakes),
        _vanished(scene, brakes),
        *_untimely(brakes, now),
    )
    return "; ".join(reason for reason in held if reason) or None


def _allowed(share: float, minimum: int, total: int) -> int:
    return max(minimum, int(total * share))


def _deletes(scene: Scene, brakes: Brakes) -> str:
    total = sum(len(stack_set.instances) for stack_set in scene.deployed)
    deletes = sum(change.action is Action.DELETE_INSTANCE for change in scene.plan.changes)
    allowed = _allowed(brakes.delete_share, brakes.delete_minimum, total)
    if deletes <= allowed:
        return ""
    return f"it would delete {deletes:,} of {total:,} stack instances at once; {allowed:,} may go unasked"


def _begins_to_stop(scene: Scene, brakes: Brakes) -> str:
    governed = {t.account for wanted in scene.desired.stack_sets for t in wanted.targets}
    new = newly_stopping(scene)
    allowed = _allowed(brakes.stop_share, brakes.stop_minimum, len(governed))
    if len(new) <= allowed:
        return ""
    return (
        f"it would begin to stop things in {len(new):,} of {len(governed):,} governed accounts at "
        f"once; {allowed:,} may go unasked"
    )


def newly_stopping(scene: Scene) -> frozenset[AccountId]:
    """The accounts in which nothing is stopped today, and things would be after the plan.

    The first wave of an update counts for all accounts of the stack set: the others follow without being asked about.
    """
    stopping = {wanted.name for wanted in scene.desired.stack_sets if wanted.stops}
    changes = [change for change in scene.plan.changes if change.stack_set in stopping]
    turned = {c.stack_set for c in changes if c.action is Action.UPDATE_STACK_SET}
    new = {c.target.account for c in changes if c.action is Action.CREATE_INSTANCE and c.target}
    new.update(*(_accounts(s) for s in scene.deployed if s.name in turned))
    return frozenset(new).difference(*(_accounts(s) for s in scene.deployed if s.stops))


def _accounts(stack_set: DeployedStackSet) -> frozenset[AccountId]:
    return frozenset(instance.target.account for instance in stack_set.instances)


def _vanished(scene: Scene, brakes: Brakes) -> str:
    with_stacks = frozenset[AccountId]().union(*map(_accounts, scene.deployed))
    gone = with_stacks - scene.members
    if len(gone) <= _allowed(brakes.vanish_share, brakes.vanish_minimum, len(with_stacks)):
        return ""
    return f"the organization looks wrong: {len(gone):,} accounts with stacks are not in it"


def _untimely(brakes: Brakes, now: datetime) -> Iterator[str]:
    yield from (str(freeze) for freeze in brakes.freezes if freeze.holds(now))
    if brakes.hours and brakes.hours.rest_ends(now):
        yield f"rollouts rest at this hour: brakes.hours {brakes.hours}"
