"""Takes everything that guardian made out of the accounts: the policies' stacks first, its own role last."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from guardian.desire import DesiredState, Skip
from guardian.jobs.reconcile import Applied, Fleet, Reconciliation, Told, apply_once
from guardian.organization import Organization
from guardian.plan import Action, Change, DeployedStackSet, Plan
from guardian.policy.resolve import Governance
from guardian.ports import Journal
from guardian.stack import names

REASON = "guardian is uninstalled"
NOBODY = Governance((), {}, {}, {})
NOTHING = DesiredState((), ())


def removal(deployed: Iterable[DeployedStackSet], organization: Organization) -> Plan:
    """What an uninstallation does, in its order. Accounts that are not active are left as they are, and told."""
    inactive = frozenset(a.id for a in organization.accounts if not a.active)
    stack_sets = sorted(deployed, key=lambda s: (s.name == names.ACCESS, s.name))
    changes: list[Change] = []
    left: list[Skip] = []
    for stack_set in stack_sets:
        name, reason = (
            stack_set.name,
            f"{stack_set.name}: its account is not active, the stack stays",
        )
        targets = sorted(instance.target for instance in stack_set.instances)
        going = [target for target in targets if target.account not in inactive]
        changes += (Change(Action.DELETE_INSTANCE, name, REASON, target) for target in going)
        left += (Skip(t.account, t.region, reason) for t in targets if t.account in inactive)
        if going == targets:
            changes.append(Change(Action.DELETE_STACK_SET, name, REASON))
    return Plan(tuple(changes), tuple(left))


@dataclass
class _Progress:
    """What has been done so far, and whose stacks are still there."""

    done: list[Change] = field(default_factory=list)
    failed: list[tuple[Change, str]] = field(default_factory=list)
    waiting: list[tuple[Change, str]] = field(default_factory=list)

    def add(self, applied: Applied) -> None:
        self.done += applied.done
        self.failed += applied.failed
        self.waiting += applied.waiting

    def blocked(self, change: Change) -> str:
        """Why it cannot be done yet: what comes before it was not."""
        undone = [undone for undone, _ in (*self.failed, *self.waiting)]
        if change.action is Action.DELETE_STACK_SET:
            own = any(other.stack_set == change.stack_set for other in undone)
            return "it still has stack instances" if own else ""
        governed = {other.target.account for other in undone if other.target}
        stuck = change.stack_set == names.ACCESS and _account(change) in governed
        return "a policy's stack is still there" if stuck else ""


def uninstall_once(
    fleet: Fleet, plan: Plan, journal: Journal, told: Told, now: datetime
) -> Applied:
    """Do what a removal says. What is left over is done by the next one."""
    so_far = _Progress()
    for changes in _steps(plan):
        blocked = {change: so_far.blocked(change) for change in changes}
        so_far.waiting += [(change, why) for change, why in blocked.items() if why]
        ready = Plan(tuple(change for change, why in blocked.items() if not why), ())
        step = Reconciliation(ready, None, NOTHING, NOBODY)
        so_far.add(apply_once(fleet, step, journal, told, now))
    return Applied(tuple(so_far.done), tuple(so_far.failed), tuple(so_far.waiting))


def _steps(plan: Plan) -> Iterator[tuple[Change, ...]]:
    for _, group in groupby(plan.changes, lambda change: (change.stack_set, change.action)):
        yield tuple(group)


def _account(change: Change) -> str:
    return change.target.account if change.target else ""
