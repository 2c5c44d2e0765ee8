"""From what is deployed to what is desired: only what is needed, in an order that works."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.desire import DesiredState, Skip
from guardian.ids import Target
from guardian.organization import AccountState
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Plan,
    plan,
)
from guardian.repair import Drift, What
from guardian.stack.names import ACCESS
from tests.examples import examples
from tests.unit.fleets import ACCOUNTS, SLUGS, Fleet, deployments, desired, desires
from tests.unit.policies import IRELAND, VIRGINIA

ONE, TWO, *_ = ACCOUNTS
ALPHA, BETA, GAMMA = SLUGS
HERE, THERE = Target(ONE, IRELAND), Target(ONE, VIRGINIA)
NOTHING: tuple[DeployedStackSet, ...] = ()
some_states = examples(150)


def rolled_out(state: DesiredState) -> dict[str, DeployedStackSet]:
    """The desired state as if it had been applied."""
    fleet = Fleet.of(state, ())
    fleet.apply(plan(state, ()).changes)
    return {stack_set.name: stack_set for stack_set in fleet.deployed()}


def with_status(stack_set: DeployedStackSet, status: InstanceStatus) -> DeployedStackSet:
    return replace(
        stack_set, instances=tuple(replace(i, status=status) for i in stack_set.instances)
    )


def done(made: Plan) -> list[tuple[Action, str, Target | None]]:
    return [(change.action, change.stack_set, change.target) for change in made.changes]


@some_states
@given(desires, deployments())
def test_applying_a_plan_leaves_nothing_to_plan(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    fleet = Fleet.of(state, deployed)
    fleet.apply(plan(state, deployed).changes)
    fleet.end_operations()
    left = plan(state, fleet.deployed()).changes
    assert not left or any(stack_set.busy for stack_set in deployed)
    fleet.apply(left)
    assert plan(state, fleet.deployed()).changes == ()


@some_states
@given(desires, deployments())
def test_every_place_is_where_it_should_be_after_a_plan(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    idle = [replace(stack_set, busy="") for stack_set in deployed]
    fleet = Fleet.of(state, idle)
    fleet.apply(plan(state, idle).changes)
    wanted = {(s.name, target) for s in state.stack_sets for target in s.targets}
    there = {(s.name, i.target) for s in fleet.deployed() for i in s.instances}
    assert wanted <= there
    assert all(target.account in state.frozen for _, target in there - wanted)


@some_states
@given(desires, deployments())
def test_no_place_comes_under_a_second_policy_while_the_first_is_still_there(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    fleet = Fleet.of(state, deployed)
    made = plan(state, deployed).changes
    fleet.apply(made)
    new = {c.target for c in made if c.action is Action.CREATE_INSTANCE and c.stack_set != ACCESS}
    places = Counter(i.target for s in fleet.deployed() if s.name != ACCESS for i in s.instances)
    assert all(places[target] == 1 for target in new if target)


@some_states
@given(desires, deployments())
def test_a_frozen_account_is_never_touched(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    made = plan(state, deployed)
    touched = {change.target.account for change in made.changes if change.target}
    assert not touched & state.frozen
    frozen = {i.target for s in deployed for i in s.instances if i.target.account in state.frozen}
    assert frozen <= {Target(s.account, s.region) for s in made.skips if s.region}


@some_states
@given(desires, deployments(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_in_which_things_are_seen(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...], chance: random.Random
) -> None:
    shuffled = [
        replace(s, instances=tuple(chance.sample(s.instances, len(s.instances))))
        for s in chance.sample(deployed, len(deployed))
    ]
    first, second = plan(state, deployed), plan(state, shuffled)
    assert first.changes == second.changes
    assert first.id == second.id
    assert set(first.skips) == set(second.skips)


@some_states
@given(desires, deployments())
def test_deletes_come_before_creates_and_stack_sets_go_last(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    ranks = [list(Action).index(change.action) for change in plan(state, deployed).changes]
    assert ranks == sorted(ranks)
    assert list(Action).index(Action.DELETE_INSTANCE) < list(Action).index(Action.CREATE_INSTANCE)


@some_states
@given(desires, deployments())
def test_a_busy_stack_set_gives_skips_and_no_changes(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    made = plan(state, deployed)
    changed = {change.stack_set for change in made.changes}
    for stack_set in deployed:
        if stack_set.busy:
            assert stack_set.name not in changed
            alone = [replace(s, busy="") if s is stack_set else s for s in deployed]
            would = [c for c in plan(state, alone).changes if c.stack_set == stack_set.name]
            held_up = {
                s for s in made.skips if s.reason.startswith(f"{stack_set.name}: operation")
            }
            places = {c.target for c in would if c.target}
            assert places <= {Target(s.account, s.region) for s in held_up if s.region}


@some_states
@given(desires, deployments())
def test_everything_that_is_planned_has_a_reason(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    made = plan(state, deployed)
    assert all(change.reason for change in made.changes)
    assert all(skip.reason for skip in made.skips)
    assert len(set(made.skips)) == len(made.skips)


def test_a_first_rollout_makes_the_role_first_and_then_each_policys_stacks() -> None:
    assert done(plan(desired({ONE: BETA}), NOTHING)) == [
        (Action.CREATE_STACK_SET, "guardian-access", None),
        (Action.CREATE_STACK_SET, "guardian-beta", None),
        (Action.CREATE_INSTANCE, "guardian-access", HERE),
        (Action.CREATE_INSTANCE, "guardian-beta", HERE),
        (Action.CREATE_INSTANCE, "guardian-beta", THERE),
    ]


def test_an_account_leaves_one_policy_before_another_takes_it() -> None:
    before, after = desired({ONE: ALPHA, TWO: BETA}), desired({ONE: BETA, TWO: BETA})
    there = rolled_out(before)
    assert done(plan(after, there.values())) == [
        (Action.DELETE_INSTANCE, "guardian-alpha", HERE),
        (Action.CREATE_INSTANCE, "guardian-beta", HERE),
        (Action.CREATE_INSTANCE, "guardian-beta", THERE),
        (Action.DELETE_STACK_SET, "guardian-alpha", None),
    ]


def test_a_changed_template_is_updated_once_for_all_instances() -> None:
    state = desired({ONE: ALPHA, TWO: ALPHA})
    there = rolled_out(state)
    there["guardian-alpha"] = replace(there["guardian-alpha"], fingerprint="0123456789abcdef")
    (change,) = plan(state, there.values()).changes
    assert (change.action, change.target) == (Action.UPDATE_STACK_SET, None)
    assert change.reason.startswith("its template changed: has 01234567, wants ")


def test_an_instance_that_is_outdated_gets_the_template_there_is_and_the_others_are_left_alone() -> (
    None
):
    state = desired({ONE: ALPHA, TWO: ALPHA})
    there = rolled_out(state)
    first, *others = there["guardian-alpha"].instances
    failed = replace(first, status=InstanceStatus.OUTDATED, reason="denied")
    there["guardian-alpha"] = replace(there["guardian-alpha"], instances=(failed, *others))
    (change,) = plan(state, there.values()).changes
    assert change == Change(Action.RETRY, "guardian-alpha", "outdated: denied", first.target)


def test_an_inoperable_instance_is_deleted_and_made_anew() -> None:
    state = desired({ONE: ALPHA})
    there = rolled_out(state)
    there["guardian-alpha"] = with_status(there["guardian-alpha"], InstanceStatus.INOPERABLE)
    made = plan(state, there.values())
    assert done(made) == [
        (Action.DELETE_INSTANCE, "guardian-alpha", HERE),
        (Action.CREATE_INSTANCE, "guardian-alpha", HERE),
    ]
    assert made.changes[0].reason == "inoperable, to be made anew: AWS gives no reason"


def test_a_busy_stack_set_that_wants_an_update_says_so_for_each_instance() -> None:
    state = desired({ONE: ALPHA})
    there = rolled_out(state)
    there["guardian-alpha"] = replace(
        there["guardian-alpha"], fingerprint="old", busy="operation-7"
    )
    made = plan(state, there.values())
    assert made.changes == ()
    assert made.skips[-1] == Skip(
        ONE, IRELAND, "guardian-alpha: operation operation-7 is in progress"
    )


def test_a_busy_stack_set_holds_up_no_other_where_nothing_has_to_make_room() -> None:
    busy = DeployedStackSet("guardian-access", "", (), "operation-7")
    assert done(plan(desired({ONE: ALPHA}), [busy])) == [
        (Action.CREATE_STACK_SET, "guardian-alpha", None),
        (Action.CREATE_INSTANCE, "guardian-alpha", HERE),
    ]


def test_a_stack_set_without_a_policy_stays_while_a_suspended_account_holds_it() -> None:
    state = desired({}, {ONE: AccountState.SUSPENDED})
    instances = tuple(
        DeployedInstance(Target(account, IRELAND), InstanceStatus.CURRENT)
        for account in (ONE, TWO)
    )
    left = DeployedStackSet("guardian-left-over", "old", instances)
    assert done(plan(state, [left])) == [
        (Action.DELETE_INSTANCE, "guardian-left-over", Target(TWO, IRELAND))
    ]


@pytest.mark.parametrize("detail", ["", "Pattern"])
def test_what_a_probe_found_is_repaired(detail: str) -> None:
    state = desired({ONE: ALPHA})
    drift = Drift(What.RULE_DISABLED, "guardian-alpha-glue-session", detail)
    drifts = {("guardian-alpha", HERE): (drift,)}
    (change,) = plan(state, rolled_out(state).values(), drifts).changes
    assert (change.action, change.target, change.drift) == (Action.REPAIR, HERE, drift)
    said = "rule disabled: guardian-alpha-glue-session"
    assert change.reason == (f"{said} ({detail})" if detail else said)


def test_plans_of_other_changes_have_other_ids() -> None:
    one, other = plan(desired({ONE: ALPHA}), NOTHING), plan(desired({TWO: ALPHA}), NOTHING)
    assert one.id != other.id
    assert one.id == plan(desired({ONE: ALPHA}), NOTHING).id
    assert ids_differ(one.changes)


def ids_differ(changes: Iterable[Change]) -> bool:
    """Whether a plan lacking any one of its changes has another id."""
    whole = tuple(changes)
    parts = [Plan(tuple(c for c in whole if c is not left), ()) for left in whole]
    return len({part.id for part in (*parts, Plan(whole, ()))}) == len(whole) + 1


def test_what_is_there_stays_while_nobody_knows_which_regions_an_account_has_enabled() -> None:
    everywhere = desired({ONE: ALPHA, TWO: BETA})
    there = rolled_out(everywhere)
    fewer = [
        replace(s, targets=frozenset(t for t in s.targets if t.region != VIRGINIA))
        for s in everywhere.stack_sets
    ]
    unsure = replace(everywhere, stack_sets=tuple(fewer), unsure=frozenset({ONE}))
    deleted = [c.target for c in plan(unsure, there.values()).changes if c.target]
    assert ONE not in {target.account for target in deleted}
    moved = replace(desired({ONE: BETA, TWO: BETA}), unsure=frozenset({ONE}))
    assert HERE in [
        c.target for c in plan(moved, there.values()).changes if c.action is Action.DELETE_INSTANCE
    ]
