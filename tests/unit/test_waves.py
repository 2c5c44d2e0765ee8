"""What goes when: wave by wave, each watched before the next, and back where one is bad."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guardian.brakes import Brakes, Scene, hold
from guardian.errors import InputError
from guardian.ids import AccountId, OuPath, Target
from guardian.organization import Account, AccountState
from guardian.plan import Action, InstanceStatus, Plan, plan
from guardian.repair import Drift, What
from guardian.stack.names import ACCESS
from guardian.waves import Order, Waves, in_order
from guardian.waves.standing import watched
from tests.unit.fleets import (
    ACCOUNTS,
    FINGERPRINTS,
    SLUGS,
    Fleet,
    desired,
    organization,
)
from tests.unit.policies import IRELAND, VIRGINIA
from tests.unit.wave_plans import BAKE, MINUTE, WAVES, planned, rollout

ONE, TWO, THREE, FOUR, *_ = ACCOUNTS
ALPHA, BETA, GAMMA = SLUGS
NAME = "guardian-alpha"
NEW = FINGERPRINTS[NAME]


@pytest.fixture
def fleet() -> Fleet:
    """Three accounts, one in each wave, that have the old template everywhere."""
    state = desired(dict.fromkeys((ONE, TWO, THREE), ALPHA))
    made = Fleet.of(state, ())
    made.apply(plan(state, ()).changes)
    made.sets[NAME] = replace(made.sets[NAME], fingerprint="old", rollout="of old")
    made.formers[NAME] = "old"
    return made


ORDER = Order(WAVES, {ONE: 0, TWO: 1, THREE: 2})
HERE, NEXT, LAST = (Target(account, IRELAND) for account in (ONE, TWO, THREE))


def told(made: Plan) -> tuple[list[tuple[Action, Target | None]], dict[AccountId, str]]:
    mine = [s for s in made.skips if s.reason.startswith(f"{NAME}: ")]
    skips = {s.account: s.reason.removeprefix(f"{NAME}: ") for s in mine}
    return [(c.action, c.target) for c in made.changes], skips


def after_the_canary(fleet: Fleet) -> None:
    fleet.apply(planned(fleet, ORDER).changes)
    fleet.now += MINUTE


def failed(fleet: Fleet, target: Target, reason: str) -> None:
    there = fleet.sets[NAME]
    outdated = (
        replace(i, status=InstanceStatus.OUTDATED, reason=reason) if i.target == target else i
        for i in there.instances
    )
    fleet.sets[NAME] = replace(there, instances=tuple(outdated))


def test_a_changed_template_goes_to_the_first_wave_only(fleet: Fleet) -> None:
    made = planned(fleet, ORDER)
    assert told(made) == (
        [(Action.UPDATE_STACK_SET, HERE)],
        {TWO: "waits for wave 1 of 3", THREE: "waits for wave 1 of 3"},
    )
    assert made.changes[0].reason == (
        f"wave 1 of 3: /Sandbox; its template changed: has old, wants {NEW[:8]}"
    )


def test_the_next_wave_waits_for_the_first_to_bake(fleet: Fleet) -> None:
    after_the_canary(fleet)
    waits = "waits for wave 1 of 3 to bake until 12:30"
    assert told(planned(fleet, ORDER)) == ([], {TWO: waits, THREE: waits})
    fleet.now += BAKE
    made = planned(fleet, ORDER)
    assert told(made) == (
        [(Action.UPDATE_STACK_SET, NEXT)],
        {THREE: "waits for wave 2 of 3"},
    )
    assert made.changes[0].reason == f"wave 2 of 3: /Dev; brings template {NEW[:8]}"


def test_canaries_that_are_inoperable_are_made_anew_before_anything_goes(fleet: Fleet) -> None:
    there = fleet.sets[NAME]
    broken = (
        replace(i, status=InstanceStatus.INOPERABLE) if i.target == HERE else i
        for i in there.instances
    )
    fleet.sets[NAME] = replace(there, instances=tuple(broken))
    assert told(planned(fleet, ORDER)) == (
        [(Action.DELETE_INSTANCE, HERE), (Action.CREATE_INSTANCE, HERE)],
        {TWO: "waits for wave 1 of 3", THREE: "waits for wave 1 of 3"},
    )
    fleet.apply(planned(fleet, ORDER).changes)
    assert told(planned(fleet, ORDER))[0] == [(Action.UPDATE_STACK_SET, HERE)]


def test_a_bake_that_ends_another_day_says_which(fleet: Fleet) -> None:
    after_the_canary(fleet)
    _, skips = told(planned(fleet, ORDER, waves=Waves(bake=timedelta(days=2))))
    assert skips[TWO] == "waits for wave 1 of 3 to bake until 2026-11-25 12:00"


def test_a_wave_that_fails_is_taken_back_and_not_tried_again(fleet: Fleet) -> None:
    after_the_canary(fleet)
    failed(fleet, HERE, "not today")
    made = planned(fleet, ORDER)
    assert told(made) == ([(Action.ROLL_BACK, None)], {})
    why = made.changes[0].reason
    assert why == f"wave 1 of 3: /Sandbox: 1 of 1 bad: {HERE} failed: not today"
    fleet.apply(made.changes)
    changes, skips = told(planned(fleet, ORDER))
    assert changes == []
    mark = NEW[:8]
    assert skips[TWO] == (
        f"template {mark} was taken back (bad); guardian apply --release {mark} tries it again"
    )


def test_what_was_taken_back_is_tried_again_once_it_is_released(fleet: Fleet) -> None:
    fleet.rejected[NAME, NEW] = "bad"
    assert planned(fleet, ORDER).changes == ()
    fleet.rejected.clear()
    assert told(planned(fleet, ORDER))[0] == [(Action.UPDATE_STACK_SET, HERE)]


def test_a_template_that_comes_again_begins_with_the_first_wave_again(fleet: Fleet) -> None:
    # It was: what the others had of its first rollout was taken for a failure of the second.
    for _ in range(3):
        after_the_canary(fleet)
        fleet.now += BAKE
    there = fleet.sets[NAME]
    outdated = tuple(replace(i, status=InstanceStatus.OUTDATED) for i in there.instances)
    fleet.sets[NAME] = replace(there, fingerprint="other", rollout="other", instances=outdated)
    after_the_canary(fleet)
    waits = "waits for wave 1 of 3 to bake until"
    changes, skips = told(planned(fleet, ORDER))
    assert changes == []
    assert all(skips[account].startswith(waits) for account in (TWO, THREE))


def test_another_template_is_tried_though_one_was_taken_back(fleet: Fleet) -> None:
    fleet.rejected[NAME, "of another policy"] = "bad"
    assert told(planned(fleet, ORDER))[0] == [(Action.UPDATE_STACK_SET, HERE)]


def test_as_many_may_fail_as_is_said(fleet: Fleet) -> None:
    after_the_canary(fleet)
    failed(fleet, HERE, "not today")
    fleet.now += BAKE
    tolerant = Waves(bake=BAKE, max_failures=1)
    made = planned(fleet, ORDER, waves=tolerant)
    assert told(made) == (
        [(Action.UPDATE_STACK_SET, NEXT)],
        {ONE: "failed, and is tried again after the last wave", THREE: "waits for wave 2 of 3"},
    )


def test_a_bad_last_wave_takes_all_of_them_back(fleet: Fleet) -> None:
    for _ in range(3):
        after_the_canary(fleet)
        fleet.now += BAKE
    failed(fleet, LAST, "not today")
    assert told(planned(fleet, ORDER))[0] == [(Action.ROLL_BACK, None)]


def test_drift_of_what_was_just_updated_takes_it_back_and_mends_nothing(fleet: Fleet) -> None:
    after_the_canary(fleet)
    drifts = {(NAME, HERE): (Drift(What.MACHINE_CHANGED, "guardian-alpha-glue-session"),)}
    assert told(planned(fleet, ORDER, drifts=drifts)) == ([(Action.ROLL_BACK, None)], {})


def test_a_rule_that_somebody_disabled_is_mended_and_no_fault_of_the_template(
    fleet: Fleet,
) -> None:
    after_the_canary(fleet)
    drifts = {(NAME, HERE): (Drift(What.RULE_DISABLED, "guardian-alpha-glue-session"),)}
    changes, skips = told(planned(fleet, ORDER, drifts=drifts))
    assert changes == [(Action.REPAIR, HERE)]
    assert skips[TWO].startswith("waits for wave 1 of 3 to bake")


def test_an_account_that_cannot_be_looked_into_has_until_the_end_of_the_bake(
    fleet: Fleet,
) -> None:
    after_the_canary(fleet)
    unseen = frozenset({(NAME, HERE)})
    assert told(planned(fleet, ORDER, unseen=unseen))[0] == []
    fleet.now += BAKE
    assert told(planned(fleet, ORDER, unseen=unseen))[0] == [(Action.ROLL_BACK, None)]


def test_drift_long_after_a_rollout_takes_nothing_back(fleet: Fleet) -> None:
    for _ in range(3):
        after_the_canary(fleet)
        fleet.now += BAKE
    drifts = {(NAME, HERE): (Drift(What.MACHINE_CHANGED, "guardian-alpha-glue-session"),)}
    assert told(planned(fleet, ORDER, drifts=drifts))[0] == [(Action.REPAIR, HERE)]


def test_where_no_former_template_is_known_the_wave_is_tried_again_and_the_others_wait(
    fleet: Fleet,
) -> None:
    fleet.formers.clear()
    after_the_canary(fleet)
    failed(fleet, HERE, "not today")
    changes, skips = told(planned(fleet, ORDER))
    assert changes == [(Action.UPDATE_STACK_SET, HERE)]
    assert skips.keys() == {TWO, THREE}
    assert "no former template is known" in skips[TWO]


def test_a_new_account_gets_the_template_that_is_on_its_way(fleet: Fleet) -> None:
    after_the_canary(fleet)
    fleet.wanted = desired(dict.fromkeys((ONE, TWO, THREE, FOUR), ALPHA))
    made = [c for c in planned(fleet, ORDER).changes if c.stack_set == NAME]
    assert [(c.action, c.target) for c in made] == [
        (Action.CREATE_INSTANCE, Target(FOUR, IRELAND))
    ]
    assert made[0].reason == (
        f"governed and not deployed; gets the template {NEW[:8]}, which is being rolled out"
    )


def test_a_failure_of_a_new_account_takes_nothing_back(fleet: Fleet) -> None:
    for _ in range(3):
        after_the_canary(fleet)
        fleet.now += BAKE
    fleet.wanted = desired(dict.fromkeys((ONE, TWO, THREE, FOUR), ALPHA))
    fleet.apply(planned(fleet, ORDER).changes)
    new = Target(FOUR, IRELAND)
    failed(fleet, new, "not today")
    assert told(planned(fleet, ORDER))[0] == [(Action.RETRY, new)]
    fleet.apply(planned(fleet, ORDER).changes)
    failed(fleet, new, "still not")
    assert told(planned(fleet, ORDER))[0] == [(Action.RETRY, new)]


def test_a_new_stack_set_goes_wave_by_wave_too() -> None:
    state = desired(dict.fromkeys((ONE, TWO, THREE), ALPHA))
    fleet = Fleet.of(state, ())
    made = planned(fleet, ORDER)
    mine = [c for c in made.changes if c.stack_set == NAME and c.target]
    assert [c.target for c in mine] == [HERE]
    access = {c.target for c in made.changes if c.stack_set == ACCESS and c.target}
    assert access == {HERE, NEXT, LAST}
    fleet.apply(made.changes)
    waits = "waits for wave 1 of 3 to bake until 12:30"
    assert told(planned(fleet, ORDER)) == ([], {TWO: waits, THREE: waits})
    fleet.now += BAKE
    assert told(planned(fleet, ORDER)) == (
        [(Action.CREATE_INSTANCE, NEXT)],
        {THREE: "waits for wave 2 of 3"},
    )


def test_a_set_that_has_come_everywhere_is_not_looked_into_for_one_that_cannot_be_had(
    fleet: Fleet,
) -> None:
    for _ in range(3):
        after_the_canary(fleet)
        fleet.now += BAKE
    fleet.wanted = desired(dict.fromkeys((ONE, TWO, THREE, FOUR), ALPHA))
    assert watched(fleet.wanted, fleet.deployed(), rollout(fleet, ORDER)) == frozenset()


def test_a_rollout_that_begins_to_stop_things_is_braked_as_a_whole_and_once(
    fleet: Fleet,
) -> None:
    stopping = [replace(s, stops=s.name == NAME) for s in fleet.wanted.stack_sets]
    fleet.wanted = replace(fleet.wanted, stack_sets=tuple(stopping))
    assert braked(fleet) == (
        "it would begin to stop things in 3 of 3 governed accounts at once; 1 may go unasked"
    )
    after_the_canary(fleet)
    fleet.sets[NAME] = replace(fleet.sets[NAME], stops=True)  # as its tag says by now
    fleet.now += BAKE
    assert braked(fleet) is None


def braked(fleet: Fleet) -> str | None:
    made = planned(fleet, ORDER)
    assert made.changes
    scene = Scene(made, fleet.wanted, fleet.deployed(), frozenset(ACCOUNTS))
    return hold(scene, Brakes(stop_minimum=1), fleet.now)


def test_an_account_keeps_its_former_policy_until_the_new_ones_wave_comes() -> None:
    fleet = Fleet.of(desired(dict.fromkeys((ONE, TWO), GAMMA)), ())
    fleet.apply(plan(fleet.wanted, ()).changes)
    fleet.wanted = desired(dict.fromkeys((ONE, TWO), BETA))
    made = planned(fleet, ORDER)
    old = "guardian-gamma"
    assert {c.target for c in made.changes if c.stack_set == old} == {Target(ONE, VIRGINIA)}
    (staying,) = (s for s in made.skips if s.reason.startswith(old))
    assert (staying.account, staying.region) == (TWO, VIRGINIA)
    assert staying.reason == f"{old}: stays until then; guardian-beta: waits for wave 1 of 3"


def test_an_account_belongs_to_the_first_wave_with_an_ou_at_or_above_it() -> None:
    tree = organization()
    sandbox = tree.ous[OuPath("/Sandbox")]
    places = {ONE: "/Sandbox", TWO: "/Work", THREE: "/"}
    accounts = tuple(Account(a, a, AccountState.ACTIVE, OuPath(ou)) for a, ou in places.items())
    tree = replace(tree, accounts=accounts)
    order = in_order(Waves(((sandbox,), ("/Work", "/Sandbox"))), tree)
    assert order.names == (sandbox, "/Work, /Sandbox", "all others")
    assert order.wave_of == {ONE: 0, TWO: 1, THREE: 2}
    assert in_order(Waves((("/Sandbox",), ("/",))), tree).names == ("/Sandbox", "/")
    assert len(in_order(Waves(), tree).names) == 1


def test_a_wave_of_an_ou_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match=r"rollout.waves: there is no OU /Sandbx; did you mean"):
        in_order(Waves((("/Sandbx",),)), organization())
