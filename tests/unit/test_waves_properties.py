"""What holds for rollouts by waves, however things are."""

import random
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from guardian.desire import DesiredState
from guardian.ids import Target
from guardian.plan import (
    Action,
    Change,
    DeployedStackSet,
    InstanceStatus,
    plan,
)
from guardian.stack.names import ACCESS
from guardian.waves import Order, Rollout
from guardian.waves.stages import staged
from tests.examples import examples
from tests.unit.fleets import (
    ACCOUNTS,
    FINGERPRINTS,
    Fleet,
    deployments,
    desires,
)
from tests.unit.judging import NOW
from tests.unit.wave_plans import BAKE, MINUTE, WAVES, planned

some_states = examples(100)
orders = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(0, 2)).map(
    lambda wave_of: Order(WAVES, wave_of)
)
forms = st.sets(st.sampled_from(list(FINGERPRINTS))).map(
    lambda names: dict.fromkeys(names, "former")
)


def places(fleet: Fleet, change: Change) -> set[tuple[str, Target]]:
    """What a change touches: for a whole stack set all of its instances."""
    if change.target:
        return {(change.stack_set, change.target)}
    there = fleet.sets.get(change.stack_set)
    return {(there.name, i.target) for i in there.instances} if there else set()


def policies_at(deployed: Iterable[DeployedStackSet]) -> set[Target]:
    """Where any policy has a stack."""
    return {i.target for s in deployed if s.name != ACCESS for i in s.instances}


@some_states
@given(desires, deployments(), orders, forms)
def test_applying_plans_again_and_again_ends_with_nothing_to_plan(
    state: DesiredState,
    deployed: tuple[DeployedStackSet, ...],
    order: Order,
    formers: dict[str, str],
) -> None:
    fleet = Fleet.of(state, deployed)
    fleet.formers = formers
    for _ in range(12):
        fleet.apply(planned(fleet, order).changes)
        fleet.end_operations()
        fleet.now += BAKE + MINUTE
    assert planned(fleet, order).changes == ()
    wanted = {(s.name, target) for s in state.stack_sets for target in s.targets}
    assert wanted <= {(s.name, i.target) for s in fleet.deployed() for i in s.instances}
    taken_back = {name for name, _ in fleet.rejected}
    for stack_set in state.stack_sets:
        has = fleet.sets[stack_set.name].fingerprint
        assert has == ("former" if stack_set.name in taken_back else stack_set.fingerprint)


@some_states
@given(desires, deployments(), orders, forms)
def test_a_target_is_changed_or_skipped_and_never_both(
    state: DesiredState,
    deployed: tuple[DeployedStackSet, ...],
    order: Order,
    formers: dict[str, str],
) -> None:
    fleet = Fleet.of(state, deployed)
    fleet.formers = formers
    for _ in range(4):
        made = planned(fleet, order)
        changed = {place for change in made.changes for place in places(fleet, change)}
        skipped = {
            (skip.reason.partition(":")[0], Target(skip.account, skip.region))
            for skip in made.skips
            if skip.region and skip.account not in state.frozen
        }
        assert not changed & skipped
        fleet.apply(made.changes)
        fleet.end_operations()
        fleet.now += BAKE - MINUTE


@some_states
@given(desires, deployments(), orders, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_seen_does_not_matter(
    state: DesiredState,
    deployed: tuple[DeployedStackSet, ...],
    order: Order,
    chance: random.Random,
) -> None:
    shuffled = [
        replace(s, instances=tuple(chance.sample(s.instances, len(s.instances))))
        for s in chance.sample(deployed, len(deployed))
    ]
    first = planned(Fleet.of(state, deployed), order)
    second = planned(Fleet.of(state, shuffled), order)
    assert (first.changes, first.id) == (second.changes, second.id)
    assert set(first.skips) == set(second.skips)


@some_states
@given(desires, deployments(), orders)
def test_no_wave_gets_a_template_before_those_ahead_of_it(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...], order: Order
) -> None:
    fleet = Fleet.of(state, deployed)
    for _ in range(6):
        made = planned(fleet, order).changes
        for change in made:
            if change.action is Action.UPDATE_STACK_SET and change.target:
                assert_first(fleet.sets[change.stack_set], change, order, state)
        fleet.apply(made)
        fleet.end_operations()
        fleet.now += BAKE + MINUTE


def assert_first(
    there: DeployedStackSet, change: Change, order: Order, state: DesiredState
) -> None:
    (wanted,) = (s for s in state.stack_sets if s.name == change.stack_set)
    assert change.target
    for instance in there.instances:
        ahead = order.of(instance.target.account) < order.of(change.target.account)
        if ahead and instance.target in wanted.targets:
            assert there.fingerprint == wanted.fingerprint
            assert instance.status is not InstanceStatus.OUTDATED or instance.operation


@some_states
@given(desires, deployments(), orders)
def test_no_place_loses_its_policy_while_it_waits_for_another(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...], order: Order
) -> None:
    fleet = Fleet.of(state, [replace(s, busy="") for s in deployed])
    wanted = {t for s in state.stack_sets if s.name != ACCESS for t in s.targets}
    for _ in range(6):
        before = policies_at(fleet.deployed())
        fleet.apply(planned(fleet, order).changes)
        assert before & wanted <= policies_at(fleet.deployed())
        fleet.now += BAKE + MINUTE


@some_states
@given(desires, deployments())
def test_with_one_wave_a_plan_stays_as_it_is(
    state: DesiredState, deployed: tuple[DeployedStackSet, ...]
) -> None:
    made = plan(state, deployed)
    assert staged(made, state, deployed, Rollout(NOW)) is made
