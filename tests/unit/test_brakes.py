"""When a plan is held."""

import pytest

from guardian.brakes import Brakes, hold
from guardian.ids import AccountId, Target
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Plan,
)
from tests.unit.policies import IRELAND

BRAKES = Brakes(delete_share=0.3, delete_minimum=10)


def place(number: int) -> Target:
    return Target(AccountId(f"{number:012}"), IRELAND)


def deployed(*counts: int) -> list[DeployedStackSet]:
    return [
        DeployedStackSet(
            f"guardian-{n}",
            "",
            tuple(DeployedInstance(place(i), InstanceStatus.CURRENT) for i in range(count)),
        )
        for n, count in enumerate(counts)
    ]


def changes(action: Action, count: int) -> tuple[Change, ...]:
    return tuple(Change(action, "guardian-0", "because", place(n)) for n in range(count))


@pytest.mark.parametrize(
    ("there", "deletes", "held"),
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
    there: int,
    deletes: int,
    held: bool,  # noqa: FBT001 - a table
) -> None:
    plan = Plan(changes(Action.DELETE_INSTANCE, deletes), ())
    assert (hold(plan, deployed(there), BRAKES) is not None) is held


def test_the_share_is_of_all_stack_sets_together() -> None:
    plan = Plan(changes(Action.DELETE_INSTANCE, 20), ())
    assert hold(plan, deployed(60), BRAKES)
    assert hold(plan, deployed(60, 60), BRAKES) is None


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.DELETE_INSTANCE])
def test_only_deleting_instances_is_braked(action: Action) -> None:
    assert hold(Plan(changes(action, 100), ()), deployed(100), BRAKES) is None


def test_the_reason_says_how_much_of_how_much() -> None:
    plan = Plan(changes(Action.DELETE_INSTANCE, 31), ())
    reason = "it would delete 31 of 100 stack instances at once; 30 may go unasked"
    assert hold(plan, deployed(100), BRAKES) == reason
