"""What people are told of a plan that is held."""

from guardian.desire import DesiredState
from guardian.ids import Target
from guardian.jobs.held import drifted, held_plan
from guardian.jobs.reconcile import Reconciliation
from guardian.jobs.uninstall import NOBODY
from guardian.outcome import About
from guardian.plan import Action, Change, Plan
from tests.unit.fleets import ACCOUNTS
from tests.unit.judging import NOW
from tests.unit.policies import IRELAND


def held(*changes: Change) -> Reconciliation:
    return Reconciliation(Plan(changes, ()), "too much at once", DesiredState((), ()), NOBODY)


def change(action: Action, name: str, number: int = 0) -> Change:
    return Change(action, name, "because", Target(ACCOUNTS[number], IRELAND))


def test_a_notice_says_why_how_much_and_how_to_let_it_go() -> None:
    made = held(
        change(Action.CREATE_INSTANCE, "guardian-a"),
        change(Action.DELETE_INSTANCE, "guardian-b"),
        change(Action.DELETE_INSTANCE, "guardian-b", 1),
        change(Action.REPAIR, "guardian-b"),
    )
    said, lets_go, *counts = held_plan(made).lines
    assert said == f"Plan {made.plan.id} is held, nothing of it is done: too much at once"
    assert lets_go.startswith(f"guardian apply --release {made.plan.id} ")
    assert counts == ["guardian-b: delete instance 2, repair 1", "guardian-a: create instance 1"]


def test_many_stack_sets_are_counted() -> None:
    made = held(*(change(Action.DELETE_INSTANCE, f"guardian-{n}") for n in range(30)))
    lines = held_plan(made).lines
    assert len(lines) <= 10  # what a notice shows
    assert lines[-1] == "and 23 more stack sets"


def test_each_plan_has_a_notice_of_its_own() -> None:
    one, other = held(change(Action.REPAIR, "a")), held(change(Action.REPAIR, "b"))
    assert held_plan(one).key == held_plan(one).key != held_plan(other).key


def test_drift_that_a_held_plan_does_not_mend_is_told() -> None:
    made = held(change(Action.REPAIR, "guardian-a"), change(Action.DELETE_INSTANCE, "guardian-a"))
    (found,) = drifted(made, NOW)
    assert (found.about, found.subject, found.mended) == (About.DRIFT, "guardian-a", False)
