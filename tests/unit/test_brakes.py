"""When a plan is held."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from guardian.brakes import Brakes, Freeze, Scene, hold, newly_stopping
from guardian.desire import DesiredState, WantedStackSet
from guardian.ids import AccountId, Target
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Plan,
    plan,
)
from guardian.policy.hours import Hours, parse_window
from tests.unit.policies import IRELAND, VIRGINIA

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
BRAKES = Brakes()
MEMBERS = frozenset(AccountId(f"{n:012}") for n in range(1000))


def place(number: int) -> Target:
    return Target(AccountId(f"{number:012}"), IRELAND)


def deployed(*counts: int) -> tuple[DeployedStackSet, ...]:
    return tuple(there(f"guardian-{n}", range(count)) for n, count in enumerate(counts))


def there(name: str, numbers: range, *, stops: bool = False) -> DeployedStackSet:
    instances = (DeployedInstance(place(n), InstanceStatus.CURRENT) for n in numbers)
    return DeployedStackSet(name, "old", tuple(instances), stops=stops)


def wanted(name: str, numbers: range, *, stops: bool = True) -> WantedStackSet:
    targets = frozenset(map(place, numbers))
    return WantedStackSet(name, "", "{}", "new", targets, {}, stops)


def scene(desired: tuple[WantedStackSet, ...], *stack_sets: DeployedStackSet) -> Scene:
    state = DesiredState(desired, ())
    return Scene(plan(state, stack_sets), state, stack_sets, MEMBERS)


def changes(action: Action, count: int) -> tuple[Change, ...]:
    return tuple(Change(action, "guardian-0", "because", place(n)) for n in range(count))


def held(
    made: tuple[Change, ...], stack_sets: tuple[DeployedStackSet, ...], brakes: Brakes = BRAKES
) -> str | None:
    return hold(Scene(Plan(made, ()), DesiredState((), ()), stack_sets, MEMBERS), brakes, NOON)


@pytest.mark.parametrize(
    ("stacks", "deletes", "braked"),
    [
        (0, 0, False),
        (10, 10, False),
        (11, 11, True),
        (33, 10, False),
        (36, 10, False),
        (36, 11, True),
        (37, 11, False),
        (100, 30, False),
        (100, 31, True),
    ],
)
def test_a_share_of_the_instances_may_go_unasked_and_a_few_in_any_case(
    stacks: int,
    deletes: int,
    braked: bool,  # noqa: FBT001 - a table
) -> None:
    made = changes(Action.DELETE_INSTANCE, deletes)
    assert (held(made, deployed(stacks)) is not None) is braked


def test_the_share_is_of_all_stack_sets_together() -> None:
    made = changes(Action.DELETE_INSTANCE, 20)
    assert held(made, deployed(60))
    assert held(made, deployed(60, 60)) is None


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.DELETE_INSTANCE])
def test_only_deleting_instances_counts_as_deleting(action: Action) -> None:
    assert held(changes(action, 100), deployed(100)) is None


def test_the_reason_says_how_much_of_how_much() -> None:
    reason = "it would delete 31 of 100 stack instances at once; 30 may go unasked"
    assert held(changes(Action.DELETE_INSTANCE, 31), deployed(100)) == reason


@pytest.mark.parametrize(
    ("governed", "new", "braked"),
    [(10, 10, False), (11, 11, True), (40, 12, False), (40, 13, True)],
)
def test_stops_begin_in_a_share_of_the_accounts_and_in_a_few_in_any_case(
    governed: int,
    new: int,
    braked: bool,  # noqa: FBT001 - a table
) -> None:
    already = there("guardian-a", range(new, governed), stops=True)
    made = scene((wanted("guardian-a", range(governed)),), replace(already, fingerprint="new"))
    assert len(newly_stopping(made)) == new
    assert (hold(made, BRAKES, NOON) is not None) is braked


def test_a_policy_that_turns_from_observing_to_stopping_counts_all_its_accounts() -> None:
    made = scene((wanted("guardian-a", range(11)),), there("guardian-a", range(11)))
    reason = (
        "it would begin to stop things in 11 of 11 governed accounts at once; 10 may go unasked"
    )
    assert hold(made, BRAKES, NOON) == reason


def test_an_update_of_what_stops_already_is_not_braked() -> None:
    stopping = there("guardian-a", range(11), stops=True)
    assert hold(scene((wanted("guardian-a", range(11)),), stopping), BRAKES, NOON) is None


def test_observing_is_not_braked() -> None:
    observing = wanted("guardian-a", range(100), stops=False)
    assert hold(scene((observing,)), BRAKES, NOON) is None


def test_an_account_that_moves_from_one_stopping_policy_to_another_is_not_new() -> None:
    made = scene(
        (wanted("guardian-a", range(20)), wanted("guardian-b", range(20, 40))),
        there("guardian-a", range(40), stops=True),
    )
    assert newly_stopping(made) == frozenset()


def test_an_account_counts_once_whatever_its_regions() -> None:
    both = frozenset(
        Target(AccountId(f"{n:012}"), r) for n in range(3) for r in (IRELAND, VIRGINIA)
    )
    made = scene((replace(wanted("guardian-a", range(0)), targets=both),))
    assert len(newly_stopping(made)) == 3


@pytest.mark.parametrize(("gone", "braked"), [(5, False), (6, True)])
def test_an_organization_without_accounts_that_have_stacks_looks_wrong(
    gone: int,
    braked: bool,  # noqa: FBT001 - a table
) -> None:
    brakes = replace(BRAKES, vanish_minimum=2)
    one, stacks = changes(Action.REPAIR, 1), deployed(50)
    left = frozenset(place(n).account for n in range(gone, 50))
    reason = hold(Scene(Plan(one, ()), DesiredState((), ()), stacks, left), brakes, NOON)
    said = f"the organization looks wrong: {gone} accounts with stacks are not in it"
    assert reason == (said if braked else None)


@pytest.mark.parametrize(
    ("moment", "braked"),
    [
        ("2026-12-19T23:59+01:00", False),
        ("2026-12-20T00:00+01:00", True),
        ("2027-01-02T23:59+01:00", True),
        ("2027-01-03T00:00+01:00", False),
    ],
)
def test_a_freeze_holds_from_its_first_day_until_its_last_in_its_time_zone(
    moment: str,
    braked: bool,  # noqa: FBT001 - a table
) -> None:
    freeze = Freeze(date(2026, 12, 20), date(2027, 1, 3), "year end", "Europe/Berlin")
    repair = Plan(changes(Action.REPAIR, 1), ())
    brakes, now = replace(BRAKES, freezes=(freeze,)), datetime.fromisoformat(moment)
    reason = hold(Scene(repair, DesiredState((), ()), (), MEMBERS), brakes, now)
    said = "rollouts are frozen until 2027-01-03: year end"
    assert reason == (said if braked else None)


def test_outside_of_the_hours_a_plan_rests() -> None:
    hours = Hours("UTC", (parse_window("mon-fri 09:00-12:00"),), rests=False)
    one = changes(Action.CREATE_INSTANCE, 1)
    reason = held(one, (), replace(BRAKES, hours=hours))
    assert reason == "rollouts rest at this hour: brakes.hours applies mon-fri 09:00-12:00 UTC"
    longer = replace(hours, windows=(parse_window("mon-fri 09:00-12:01"),))
    assert held(one, (), replace(BRAKES, hours=longer)) is None


def test_a_plan_without_changes_is_never_held() -> None:
    everything = Freeze(date(2026, 1, 1), date(2027, 1, 1))
    assert held((), deployed(100), replace(BRAKES, freezes=(everything,))) is None


def test_all_that_holds_a_plan_is_told() -> None:
    freeze = Freeze(date(2026, 1, 1), date(2027, 1, 1))
    made = changes(Action.DELETE_INSTANCE, 31)
    reason = held(made, deployed(100), replace(BRAKES, freezes=(freeze,)))
    assert reason
    assert [part.split()[0] for part in reason.split("; ")] == ["it", "30", "rollouts"]
