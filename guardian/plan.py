"""The difference between what should be deployed and what is: changes and skips, each with its reason. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guardian.desire import DesiredState, Skip, WantedStackSet
from guardian.ids import AccountId, Target
from guardian.repair import MADE_ANEW, Drift


class InstanceStatus(StrEnum):
    """AWS's stack instance statuses."""

    CURRENT = "CURRENT"
    OUTDATED = "OUTDATED"
    INOPERABLE = "INOPERABLE"


@dataclass(frozen=True)
class DeployedInstance:
    target: Target
    status: InstanceStatus
    reason: str = ""
    detailed: str = ""
    """AWS's detailed status, `SKIPPED_SUSPENDED_ACCOUNT` for instance."""
    ou: str = ""
    """The OU id that the instance was deployed through, empty where AWS does not tell."""
    operation: str = ""
    """The id of the last operation on it."""


@dataclass(frozen=True)
class DeployedStackSet:
    """One of ours as it is: made by guardian (its ownership tag says so), nothing else is ever listed here.

    `busy` names the operation that is running on it, `stops` says whether it stops anything, `changed` when the last
    operation on it began, `updated` and `created` when the last of that sort ended. `template` is the text of the
    template that new instances get, `rollout` the id of the rollout that brought it.
    """

    name: str
    fingerprint: str
    instances: tuple[DeployedInstance, ...]
    busy: str = ""
    stops: bool = False
    changed: datetime | None = None
    updated: datetime | None = None
    created: datetime | None = None
    template: str = ""
    rollout: str = ""


class Purpose(StrEnum):
    """What for an operation brings a stack set's template to instances."""

    UPDATE = "update"
    WAVE = "wave"
    RETRY = "retry"
    CREATE = "create"


def operation_name(purpose: Purpose, rollout: str) -> str:
    """How the id of an operation of a rollout begins: instances remember the id of their last operation."""
    return f"{purpose}-{rollout}"


def purpose_of(operation: str, rollout: str) -> Purpose | None:
    """What for an operation of this rollout was; None where it was none."""
    for purpose in Purpose:
        if rollout and operation.startswith(f"{operation_name(purpose, rollout)}-"):
            return purpose
    return None


class Action(StrEnum):
    """In the order in which they are done: an account leaves one policy before another takes it."""

    CREATE_STACK_SET = "create stack set"
    DELETE_INSTANCE = "delete instance"
    ROLL_BACK = "put former template back"
    UPDATE_STACK_SET = "update stack set"
    RETRY = "retry instance"
    CREATE_INSTANCE = "create instance"
    REPAIR = "repair"
    DELETE_STACK_SET = "delete stack set"


@dataclass(frozen=True)
class Change:
    """One thing to do. `target` is None where the whole stack set is meant; `drift` says what a repair mends.

    An update with targets is one of a wave.
    """

    action: Action
    stack_set: str
    reason: str
    target: Target | None = None
    drift: Drift | None = None


@dataclass(frozen=True)
class Plan:
    changes: tuple[Change, ...]
    skips: tuple[Skip, ...]

    @property
    def id(self) -> str:
        """The same for the same changes."""
        words = "\n".join(f"{c.action} {c.stack_set} {c.target} {c.reason}" for c in self.changes)
        return hashlib.sha256(words.encode()).hexdigest()[:12]


Drifts = Mapping[tuple[str, Target], tuple[Drift, ...]]
"""What the probes found, by stack set and target."""


def plan(
    desired: DesiredState, deployed: Iterable[DeployedStackSet], drifts: Drifts | None = None
) -> Plan:
    """What to do so that what is deployed becomes what is desired. Applying it leaves nothing to plan."""
    there = {stack_set.name: stack_set for stack_set in deployed}
    busy = {name: s.busy for name, s in there.items() if s.busy}
    wanted = {s.name for s in desired.stack_sets}
    changes = in_order(
        [
            *(c for s in desired.stack_sets for c in _towards(s, there.get(s.name), desired)),
            *(c for n, s in there.items() if n not in wanted for c in _away(s, desired.frozen)),
            *_repairs(drifts or {}),
        ],
        desired,
    )
    held_up = _held_up(changes, busy)
    doable = tuple(change for change in changes if change not in held_up)
    skips = [
        *desired.skips,
        *(skip for change, why in held_up.items() for skip in _skips(change, why, there)),
        *_suspended(there.values(), desired),
    ]
    return Plan(doable, tuple(dict.fromkeys(skips)))


_RANK = {action: rank for rank, action in enumerate(Action)}


def in_order(changes: Iterable[Change], desired: DesiredState) -> list[Change]:
    """Changes in the order in which they are to be done, whatever order they come in."""
    order = {s.name: rank for rank, s in enumerate(desired.stack_sets)}

    def place(change: Change) -> tuple[int, int, str, str, str]:
        rank = order.get(change.stack_set, len(order))
        where = str(change.target or "")
        return _RANK[change.action], rank, change.stack_set, where, change.reason

    return sorted(changes, key=place)


def _towards(
    wanted: WantedStackSet, deployed: DeployedStackSet | None, desired: DesiredState
) -> Iterator[Change]:
    name = wanted.name
    staying = desired.frozen | (desired.unsure & wanted.ou_of.keys())
    if deployed is None:
        yield Change(Action.CREATE_STACK_SET, name, "it does not exist")
    instances = {i.target: i for i in deployed.instances} if deployed else {}
    for target in wanted.targets - instances.keys():
        yield Change(Action.CREATE_INSTANCE, name, "governed and not deployed", target)
    for target in instances.keys() - wanted.targets:
        if target.account not in staying:
            yield Change(Action.DELETE_INSTANCE, name, "no longer governed by this policy", target)
    kept = [i for target, i in instances.items() if target in wanted.targets]
    for instance in kept:
        if instance.status is InstanceStatus.INOPERABLE:
            reason = f"inoperable, to be made anew: {instance.reason or 'AWS gives no reason'}"
            yield Change(Action.DELETE_INSTANCE, name, reason, instance.target)
            yield Change(Action.CREATE_INSTANCE, name, reason, instance.target)
    if deployed is not None:
        yield from _update(wanted, deployed, kept)


def _update(
    wanted: WantedStackSet, deployed: DeployedStackSet, kept: list[DeployedInstance]
) -> Iterator[Change]:
    """The template for all instances, or the one there is for those alone that it did not come to."""
    old, new = deployed.fingerprint, wanted.fingerprint
    if new != old:
        reason = f"its template changed: has {old[:8]}, wants {new[:8]}"
        yield Change(Action.UPDATE_STACK_SET, wanted.name, reason)
        return
    for instance in kept:
        if instance.status is InstanceStatus.OUTDATED:
            yield retry(wanted.name, instance)


def retry(stack_set: str, instance: DeployedInstance) -> Change:
    """Bring an instance that is outdated the template of its stack set."""
    reason = f"outdated: {instance.reason or instance.detailed or 'AWS gives no reason'}"
    return Change(Action.RETRY, stack_set, reason, instance.target)


def _away(deployed: DeployedStackSet, frozen: frozenset[AccountId]) -> Iterator[Change]:
    left = [i for i in deployed.instances if i.target.account not in frozen]
    for instance in left:
        yield Change(Action.DELETE_INSTANCE, deployed.name, "its policy is gone", instance.target)
    if len(left) == len(deployed.instances):
        yield Change(Action.DELETE_STACK_SET, deployed.name, "its policy governs no account")


def _repairs(drifts: Drifts) -> Iterator[Change]:
    """Each mended in place, but where guardian may not write the whole stack instance is made anew instead."""
    for (name, target), found in drifts.items():
        beyond = [drift for drift in found if drift.what in MADE_ANEW]
        if beyond:
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            reason = f"drifted, to be made anew: {beyond[0]}{more}"
            yield Change(Action.DELETE_INSTANCE, name, reason, target)
            yield Change(Action.CREATE_INSTANCE, name, reason, target, beyond[0])
            continue
        for drift in found:
            yield Change(Action.REPAIR, name, str(drift), target, drift)


def _held_up(changes: Iterable[Change], busy: Mapping[str, str]) -> Mapping[Change, str]:
    """What has to wait for an operation, and why: also what another stack has to make room for first."""
    held_up: dict[Change, str] = {}
    occupied: dict[Target | None, str] = {}
    for change in changes:  # deletes come before creates
        name = change.stack_set
        if name in busy:
            held_up[change] = f"{name}: operation {busy[name]} is in progress"
            if change.action is Action.DELETE_INSTANCE:
                occupied[change.target] = held_up[change]
        elif change.action is Action.CREATE_INSTANCE and change.target in occupied:
            held_up[change] = occupied[change.target]
    return held_up


def _skips(change: Change, why: str, there: Mapping[str, DeployedStackSet]) -> Iterator[Skip]:
    """A change of a whole stack set is one of all its instances."""
    if change.target is not None:
        targets = [change.target]
    else:
        targets = [instance.target for instance in there[change.stack_set].instances]
    for target in targets:
        yield Skip(target.account, target.region, why)


def _suspended(deployed: Iterable[DeployedStackSet], desired: DesiredState) -> Iterator[Skip]:
    for stack_set in deployed:
        for instance in stack_set.instances:
            if instance.target.account in desired.frozen:
                reason = f"{stack_set.name}: its account is not active, the stack is left as it is"
                yield Skip(instance.target.account, instance.target.region, reason)
