"""Brings what is deployed to what the policies say: observe, plan, brake, apply."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from guardian.brakes import Brakes, Scene, hold
from guardian.desire import DesiredState, WantedStackSet, desire
from guardian.errors import Busy, GuardianError
from guardian.ids import Region, Target
from guardian.jobs import templates
from guardian.jobs.probe import Place, probe, standing_together
from guardian.organization import Organization
from guardian.outcome import About, Finding
from guardian.plan import Action, Change, DeployedStackSet, InstanceStatus, Plan, Purpose, plan
from guardian.policy.model import Policy
from guardian.policy.resolve import Governance
from guardian.ports import Journal, Stacks, StackSets
from guardian.stack import names
from guardian.stack.names import Hub
from guardian.stack.template import expectation, expected
from guardian.waves import Waves
from guardian.waves.stages import staged
from guardian.waves.standing import watched

STUCK = "its former stack is still there"
TAKEN = "already exists"
IN_THE_WAY = (
    "a former stack was left there, or things of it: its account's administrator deletes them"
)

Told = Callable[[str, Action, int, int], None]
"""Told of progress: the stack set, what is done to it, how many of how many stack instances are done."""


@dataclass(frozen=True)
class Fleet:
    """Where stacks are rolled out: the stack sets, the stacks inside the accounts, and the hub they report to.

    `waves` says in which order accounts get a changed template, `journal` what can be put back, `ending` whether it is
    time to stop.
    """

    stack_sets: StackSets
    stacks: Stacks
    hub: Hub
    home: Region
    journal: Journal
    waves: Waves = field(default_factory=Waves)
    ending: Callable[[], bool] = bool


@dataclass(frozen=True)
class Reconciliation:
    """A plan with what it was made from.

    `held` says why it may not go, `unseen` what could not be looked at, `told` what people have to put right.
    """

    plan: Plan
    held: str | None
    desired: DesiredState
    governance: Governance
    unseen: tuple[Finding, ...] = ()
    deployed: tuple[DeployedStackSet, ...] = ()
    told: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Applied:
    """What became of a plan. `waiting` is left to the next cycle: somebody else is at work there, or guardian ends."""

    done: tuple[Change, ...]
    failed: tuple[tuple[Change, str], ...]
    waiting: tuple[tuple[Change, str], ...] = ()


def plan_once(
    fleet: Fleet,
    governance: Governance,
    organization: Organization,
    brakes: Brakes,
    now: datetime,
    *,
    probing: bool = True,
) -> Reconciliation:
    """What would be done now. Changes nothing. Raises AccessDenied, Unavailable.

    `probing` looks into every account for drift, some ten calls for each; without it only the stack sets are read, and
    the accounts in which a rollout is under way.
    """
    desired = desire(governance, organization, fleet.hub, fleet.home)
    deployed = fleet.stack_sets.observe()
    rollout = templates.rollout(fleet.journal, fleet.waves, organization, desired, now)
    under_way = watched(desired, deployed, rollout)
    places = _settled(fleet, governance, desired, deployed)
    looked_at = (p for p in places if probing or (p.stack_set, p.target) in under_way)
    probed = probe(fleet.stacks, looked_at, now, fleet.ending)
    blind = frozenset((f.subject, f.target) for f in probed.unseen if f.target)
    rollout = replace(rollout, drifts=probed.drifts, unseen=blind)
    made = staged(plan(desired, deployed, probed.drifts), desired, deployed, rollout)
    members = frozenset(account.id for account in organization.accounts)
    held = hold(Scene(made, desired, deployed, members), brakes, now)
    return Reconciliation(made, held, desired, governance, probed.unseen, deployed, probed.told)


def _settled(
    fleet: Fleet,
    governance: Governance,
    desired: DesiredState,
    deployed: tuple[DeployedStackSet, ...],
) -> Iterator[Place]:
    """Where a stack should be exactly what its policy renders to."""
    policies = {names.stack_set(policy.slug): policy for policy in governance.policies}
    wanted = {stack_set.name: stack_set for stack_set in desired.stack_sets}
    beside = standing_together(deployed)
    for stack_set in deployed:
        policy, want = policies.get(stack_set.name), wanted.get(stack_set.name)
        # One that is busy or about to be updated is not as it should be yet: that is no drift.
        if not policy or not want or stack_set.busy or stack_set.fingerprint != want.fingerprint:
            continue
        content = expectation(policy, fleet.hub)
        for instance in stack_set.instances:
            target = instance.target
            if instance.status is InstanceStatus.CURRENT and target in want.targets:
                others = beside[target] - {stack_set.name}
                yield Place(stack_set.name, target, content(target), others)


def apply_once(
    fleet: Fleet,
    reconciliation: Reconciliation,
    journal: Journal,
    told: Told,
    now: datetime,
    *,
    halted: Callable[[], str] = lambda: "",
) -> Applied:
    """Do what the plan says, in its order. One change's trouble is that change's trouble.

    `halted` is asked before every operation: once it gives a reason, all that is left waits.
    """
    wanted = {stack_set.name: stack_set for stack_set in reconciliation.desired.stack_sets}
    policies = {names.stack_set(p.slug): p for p in reconciliation.governance.policies}
    done: list[Change] = []
    failed: list[tuple[Change, str]] = []
    waiting: list[tuple[Change, str]] = []
    for changes in _together(reconciliation.plan):
        failed += _too_early(changes, failed)
        waiting += _too_early(changes, waiting)
        held_up = {change for change, _ in (*failed, *waiting)}
        ready = tuple(change for change in changes if change not in held_up)
        if why := halted():
            waiting += [(change, why) for change in ready]
            continue
        templates.prepare(journal, ready, reconciliation.desired, reconciliation.deployed, now)
        try:
            failures = _attempt(fleet, wanted, policies, ready, told) if ready else {}
        except Busy as error:
            waiting += [(change, str(error)) for change in ready]
            continue
        failed += failures.items()
        done += [change for change in ready if change not in failures]
    seen = (*reconciliation.unseen, *reconciliation.told)
    journal.note([*seen, *_mended(done, now), *_failures(failed, now)])
    return Applied(tuple(done), tuple(failed), tuple(waiting))


def _too_early(
    changes: Iterable[Change], undone: Iterable[tuple[Change, str]]
) -> list[tuple[Change, str]]:
    """Instances where another could not be deleted: nobody is governed twice."""
    stuck = {change.target for change, _ in undone if change.action is Action.DELETE_INSTANCE}
    return [
        (change, STUCK)
        for change in changes
        if change.action is Action.CREATE_INSTANCE and change.target in stuck
    ]


def _together(plan: Plan) -> Iterator[tuple[Change, ...]]:
    """Changes that one operation can do: of one kind, on one stack set. Each repair is one by itself."""
    for _, group in groupby(plan.changes, _operation):
        yield tuple(group)


def _operation(change: Change) -> tuple[object, ...]:
    repaired = change.target if change.action is Action.REPAIR else None
    return change.action, change.stack_set, repaired


def _attempt(
    fleet: Fleet,
    wanted: Mapping[str, WantedStackSet],
    policies: Mapping[str, Policy],
    changes: tuple[Change, ...],
    told: Told,
) -> Mapping[Change, str]:
    """Do it; answer what failed and why. Raises Busy when another operation is running."""
    name, action = changes[0].stack_set, changes[0].action

    def progress(done: int, total: int) -> None:
        told(name, action, done, total)

    try:
        if action is Action.REPAIR:
            return _repair(fleet, policies[name], changes)
        if action is Action.ROLL_BACK:
            return _roll_back(fleet, wanted[name], changes, progress)
        return _operate(fleet.stack_sets, wanted.get(name), changes, progress)
    except Busy:
        raise
    except GuardianError as error:
        return dict.fromkeys(changes, str(error))


def _operate(
    stack_sets: StackSets,
    wanted: WantedStackSet | None,
    changes: tuple[Change, ...],
    progress: Callable[[int, int], None],
) -> Mapping[Change, str]:
    action, name = changes[0].action, changes[0].stack_set
    targets = [change.target for change in changes if change.target]
    failures: Mapping[Target, str] = {}
    if action is Action.DELETE_INSTANCE:
        failures = stack_sets.withdraw(name, targets, progress)
    elif action is Action.DELETE_STACK_SET:
        stack_sets.delete(name)
    elif wanted is None:
        raise AssertionError(f"{name} is planned for and not desired")
    elif action is Action.CREATE_STACK_SET:
        stack_sets.create(wanted)
    elif action is Action.UPDATE_STACK_SET and not targets:
        failures = stack_sets.update(wanted, progress)
    elif action in {Action.UPDATE_STACK_SET, Action.RETRY}:
        purpose = Purpose.RETRY if action is Action.RETRY else Purpose.WAVE
        failures = stack_sets.update_some(wanted, targets, purpose, progress)
    else:
        failures = stack_sets.deploy(wanted, targets, progress)
    return _by_change(changes, failures)


def _roll_back(
    fleet: Fleet,
    wanted: WantedStackSet,
    changes: tuple[Change, ...],
    progress: Callable[[int, int], None],
) -> Mapping[Change, str]:
    former = templates.former(fleet.journal, wanted.name)
    if former is None:
        raise AssertionError(f"{wanted.name} is to be rolled back and has nothing to go back to")
    # All of it: what has the former template already is marked outdated by AWS, and is not touched by an update to it.
    return _by_change(changes, fleet.stack_sets.update(former.of(wanted), progress))


def _by_change(
    changes: tuple[Change, ...], failures: Mapping[Target, str]
) -> Mapping[Change, str]:
    whole = "; ".join(f"{target}: {reason}" for target, reason in sorted(failures.items()))
    return {
        change: failures[change.target] if change.target else whole
        for change in changes
        if (change.target in failures if change.target else failures)
    }


def _repair(fleet: Fleet, policy: Policy, changes: tuple[Change, ...]) -> Mapping[Change, str]:
    failures: dict[Change, str] = {}
    for change in changes:
        if change.target is None or change.drift is None:
            continue
        try:
            fleet.stacks.mend(
                expected(policy, fleet.hub, change.target), change.target, change.drift
            )
        except GuardianError as error:
            failures[change] = str(error)
    return failures


def _mended(done: Iterable[Change], now: datetime) -> Iterator[Finding]:
    for change in done:
        if change.drift:
            yield Finding(
                About.DRIFT, change.stack_set, change.reason, now, change.target, mended=True
            )


def _failures(failed: Iterable[tuple[Change, str]], now: datetime) -> Iterator[Finding]:
    for change, said in failed:
        why = f"{said}; {IN_THE_WAY}" if TAKEN in said else said
        about = About.DRIFT if change.drift else About.ROLLOUT
        yield Finding(
            about, change.stack_set, f"{change.action} failed: {why}", now, change.target
        )
