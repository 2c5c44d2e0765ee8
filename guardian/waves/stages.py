"""What of a plan may go now, and what waits for a wave, and why. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from guardian.desire import DesiredState, Skip
from guardian.ids import Target
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Plan,
    in_order,
    retry,
)
from guardian.stack import names
from guardian.waves import Rollout
from guardian.waves.standing import Standing, waved

WHOLE = frozenset({Action.UPDATE_STACK_SET, Action.ROLL_BACK})
MARK = 8
"""How much of a fingerprint people see, and name one by."""


@dataclass
class Stage:
    """What is done to one stack set in place of its updates.

    `late` says of targets without a stack why they do not get one yet, `note` is added to the reason of those that do.
    """

    changes: list[Change] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    late: dict[Target, str] = field(default_factory=dict)
    note: str = ""

    @property
    def goes_back(self) -> bool:
        return any(change.action is Action.ROLL_BACK for change in self.changes)


def staged(
    plan: Plan, desired: DesiredState, deployed: Iterable[DeployedStackSet], rollout: Rollout
) -> Plan:
    """The plan with changed templates, and stacks of new stack sets, wave by wave. With one wave it is the plan itself.

    Applied again and again, with time for every wave to bake in between, it leaves nothing to plan.
    """
    there = {stack_set.name: stack_set for stack_set in deployed}
    stages = {
        wanted.name: stage(Standing.of(wanted, there.get(wanted.name), desired, rollout))
        for wanted in desired.stack_sets
        if waved(wanted.name, wanted.fingerprint, rollout)
        and not (wanted.name in there and there[wanted.name].busy)
    }
    if not stages:
        return plan
    going = [c for s in stages.values() for c in s.changes]
    going += [go for c in plan.changes if (go := _as_staged(c, stages.get(c.stack_set)))]
    going, staying = _making_room(going, stages)
    skips = [*plan.skips, *(skip for s in stages.values() for skip in s.skips), *staying]
    return Plan(tuple(in_order(going, desired)), tuple(dict.fromkeys(skips)))


def _as_staged(change: Change, stage: Stage | None) -> Change | None:
    """A planned change as it may go now; None where it may not."""
    if stage is None:
        return change
    if change.action in {Action.UPDATE_STACK_SET, Action.RETRY}:
        return None
    if change.action is Action.REPAIR and stage.goes_back:
        return None  # it would mend towards the template that is on its way out
    if change.action is Action.CREATE_INSTANCE:
        if change.target in stage.late:
            return None
        return replace(change, reason=change.reason + stage.note)
    return change


def _making_room(
    changes: Iterable[Change], stages: Mapping[str, Stage]
) -> tuple[list[Change], list[Skip]]:
    """The changes without the deletes that would leave a place to nobody until a later wave."""
    late = {target: why for s in stages.values() for target, why in s.late.items()}
    made = list(changes)
    staying = {
        change: Skip(
            change.target.account,
            change.target.region,
            f"{change.stack_set}: stays until then; {late[change.target]}",
        )
        for change in made
        if change.action is Action.DELETE_INSTANCE and change.stack_set != names.ACCESS
        if change.target and change.target in late
    }
    kept = {change.stack_set for change in staying}
    going = [
        change
        for change in made
        if change not in staying
        and not (change.action is Action.DELETE_STACK_SET and change.stack_set in kept)
    ]
    # One that is updated with all of its stack set is not left alone; its create says what it waits for.
    updated = {c.stack_set for c in going if c.action in WHOLE and c.target is None}
    return going, [skip for c, skip in staying.items() if c.stack_set not in updated]


def stage(standing: Standing) -> Stage:
    """What is done to one stack set now."""
    wanted, there, rollout = standing.wanted, standing.there, standing.rollout
    why = rollout.rejected.get((wanted.name, wanted.fingerprint))
    if why is not None:
        return _rejected(standing, why)
    if wanted.fingerprint != there.fingerprint:
        return _begin(standing)
    if fault := standing.fault():
        return _bad(standing, fault)
    return _go_on(standing)


def _rejected(standing: Standing, why: str) -> Stage:
    wanted, there = standing.wanted, standing.there
    mark = wanted.fingerprint[:MARK]
    said = (
        f"template {mark} was taken back ({why}); guardian apply --release {mark} tries it again"
    )
    if wanted.fingerprint != there.fingerprint:
        changes = [retry(standing.wanted.name, instance) for instance in standing.outdated]
        others = [i for i in standing.members if i.status is not InstanceStatus.OUTDATED]
        note = f"; gets the former template {there.fingerprint[:MARK]}"
        return _with_late(standing, Stage(changes, _skips(standing, others, said), note=note))
    if _former(standing):
        return _back(standing, why)
    late = dict.fromkeys(standing.missing, f"{wanted.name}: {said}")
    alone = f"{said}; no former template is known to put back"
    skips = [*_skips(standing, standing.outdated, alone), *_lateness(late)]
    return Stage([], skips, late)


def _begin(standing: Standing) -> Stage:
    """The first wave gets the template that is wanted."""
    old, new = standing.there.fingerprint[:MARK], standing.wanted.fingerprint[:MARK]
    reason = f"its template changed: has {old}, wants {new}"
    note = f"; gets the template {new}, whose rollout begins"
    if not standing.members:
        change = Change(Action.UPDATE_STACK_SET, standing.wanted.name, reason)
        return _with_late(standing, Stage([change], note=note))
    # A first wave in which nothing works has to be made anew before it can prove anything.
    there = {i.target for i in standing.there.instances} & standing.wanted.targets
    there |= {i.target for i in standing.members}
    made = _wave(standing, min(map(standing.wave, there)), standing.members, reason, note)
    if not made.changes:
        made.note = f"; gets the template {old} before the rollout of {new} begins"
    return _with_late(standing, made)


def _go_on(standing: Standing) -> Stage:
    """The next wave, once the one before has baked; after the last one, what failed by itself."""
    pending = standing.pending
    if not pending:
        retries = [retry(standing.wanted.name, instance) for instance in standing.outdated]
        return _with_late(standing, Stage(retries))
    wave = min(standing.wave(i.target) for i in pending)
    before = {n for i in standing.members if (n := standing.wave(i.target)) < wave}
    reason = f"brings template {standing.there.fingerprint[:MARK]}"
    note = f"; gets the template {standing.there.fingerprint[:MARK]}, which is being rolled out"
    again = [i for i in standing.outdated if standing.attempt(i)]
    later = "failed, and is tried again after the last wave"
    if before and standing.rollout.now < standing.baked:
        waits = _until(standing, max(before), standing.baked)
        made = Stage(skips=_skips(standing, pending, waits), note=note)
    elif before and (blind := standing.unseen()):
        return _bad(standing, blind)
    else:
        made = _wave(standing, wave, pending, reason, note)
    made.skips += _skips(standing, again, later)
    return _with_late(standing, made)


def _bad(standing: Standing, fault: str) -> Stage:
    """Back to the former template; where none is known the bad wave is tried again and nothing goes beyond it."""
    if _former(standing):
        return _back(standing, fault)
    failed = [i for i in standing.outdated if standing.attempt(i)]
    said = f"{fault}; no former template is known to put back"
    changes = [
        Change(Action.UPDATE_STACK_SET, standing.wanted.name, f"again: {said}", i.target)
        for i in failed
    ]
    skips = _skips(standing, standing.pending, f"waits: {said}")
    return _with_late(standing, Stage(changes, skips))


def _back(standing: Standing, why: str) -> Stage:
    change = Change(Action.ROLL_BACK, standing.wanted.name, why)
    note = f"; gets the former template {_former(standing)[:MARK]}"
    return _with_late(standing, Stage([change], note=note))


def _former(standing: Standing) -> str:
    former = standing.rollout.formers.get(standing.wanted.name, "")
    return former if former != standing.there.fingerprint else ""


def _wave(
    standing: Standing, wave: int, instances: Iterable[DeployedInstance], reason: str, note: str
) -> Stage:
    order, found = standing.rollout.order, list(instances)
    now = [i for i in found if standing.wave(i.target) == wave]
    why = f"{order.tell(wave)}; {reason}"
    changes = [Change(Action.UPDATE_STACK_SET, standing.wanted.name, why, i.target) for i in now]
    others = [i for i in found if standing.wave(i.target) != wave]
    return Stage(changes, _skips(standing, others, f"waits for {order.say(wave)}"), note=note)


def _with_late(standing: Standing, made: Stage) -> Stage:
    made.late = _late(standing)
    made.skips += _lateness(made.late)
    return made


def _late(standing: Standing) -> dict[Target, str]:
    """Where no stack is put yet: beyond the last wave that has any, unless what is there is good and has baked."""
    beyond = sorted(standing.beyond, key=lambda t: (standing.wave(t), t))
    if not beyond:
        return {}
    name, order, following = standing.wanted.name, standing.rollout.order, standing.wave(beyond[0])
    why = _closed(standing, goes=len(beyond) < len(standing.missing))
    if why:
        return dict.fromkeys(beyond, f"{name}: {why}")
    waits = f"{name}: waits for {order.say(following)}"
    return {target: waits for target in beyond if standing.wave(target) > following}


def _closed(standing: Standing, *, goes: bool) -> str:
    """Why no stack goes beyond the waves that have some, empty where it may; `goes`: one goes into those now."""
    order, rollout, wanted = standing.rollout.order, standing.rollout, standing.wanted
    reached = standing.reached
    rejected = (wanted.name, wanted.fingerprint) in rollout.rejected
    if (
        goes
        or standing.pending
        or (wanted.fingerprint != standing.there.fingerprint and not rejected)
    ):
        return f"waits for {order.say(reached)}"
    if rollout.now < standing.settled:
        return _until(standing, reached, standing.settled)
    if why := standing.unready(reached):
        return f"waits for {why}"
    return ""


def _until(standing: Standing, wave: int, until: datetime) -> str:
    now = standing.rollout.now
    form = "%H:%M" if until.date() == now.date() else "%Y-%m-%d %H:%M"
    return f"waits for {standing.rollout.order.say(wave)} to bake until {until.astimezone(now.tzinfo):{form}}"


def _skips(standing: Standing, instances: Iterable[DeployedInstance], reason: str) -> list[Skip]:
    name = standing.wanted.name
    return [Skip(i.target.account, i.target.region, f"{name}: {reason}") for i in instances]


def _lateness(late: Mapping[Target, str]) -> list[Skip]:
    return [Skip(t.account, t.region, why) for t, why in late.items()]
