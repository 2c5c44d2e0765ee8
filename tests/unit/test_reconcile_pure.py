"""Reconciling with stack sets and accounts in memory that do what they are told."""

from dataclasses import replace

import pytest

from guardian.brakes import Brakes
from guardian.errors import AccessDenied, Busy, GuardianError, NotFound, Refused, Unavailable
from guardian.ids import Target
from guardian.jobs.reconcile import plan_once
from guardian.outcome import About, Finding
from guardian.plan import Action, InstanceStatus
from guardian.repair import Drift, What
from tests.unit.conftest import Book
from tests.unit.fleets import ACCOUNTS, SLUGS, governance, organization
from tests.unit.installations import Installation
from tests.unit.judging import NOW
from tests.unit.policies import IRELAND, VIRGINIA

ONE, TWO, THREE, *_ = ACCOUNTS
ALPHA, BETA, _GAMMA = SLUGS
HERE = Target(ONE, IRELAND)
DISABLED = Drift(What.RULE_DISABLED, "guardian-alpha-glue-session")
MISSING = Drift(What.MACHINE_MISSING, "guardian-alpha-glue-session")


@pytest.fixture
def installation(journal: Book) -> Installation:
    return Installation(journal)


def test_applying_brings_about_what_was_planned_and_leaves_nothing(
    installation: Installation,
) -> None:
    applied = installation.apply({ONE: ALPHA, TWO: BETA})
    assert applied.failed == ()
    assert set(installation.rollout.sets) == {"guardian-access", "guardian-alpha", "guardian-beta"}
    assert installation.instances("guardian-beta") == {Target(TWO, IRELAND), Target(TWO, VIRGINIA)}
    assert installation.plan({ONE: ALPHA, TWO: BETA}).plan.changes == ()
    assert installation.journal.all_findings() == ()


def test_planning_changes_nothing(installation: Installation) -> None:
    assert installation.plan({ONE: ALPHA}).plan.changes
    assert installation.rollout.sets == {}


def test_an_account_that_fails_does_not_stop_the_others(installation: Installation) -> None:
    installation.rollout.failing[ONE] = "a service control policy denies it"
    applied = installation.apply({ONE: ALPHA, TWO: ALPHA, THREE: BETA})
    assert {(change.stack_set, change.target) for change, _ in applied.failed} == {
        ("guardian-access", HERE),
        ("guardian-alpha", HERE),
    }
    assert installation.instances("guardian-alpha") == {Target(TWO, IRELAND)}
    assert installation.instances("guardian-beta") == {
        Target(THREE, IRELAND),
        Target(THREE, VIRGINIA),
    }
    findings = installation.journal.all_findings()
    assert {(f.about, f.target) for f in findings} == {(About.ROLLOUT, HERE)}
    assert {f.reason for f in findings} == {
        "create instance failed: a service control policy denies it"
    }


def test_what_failed_is_planned_again(installation: Installation) -> None:
    installation.rollout.failing[ONE] = "not now"
    installation.apply({ONE: ALPHA})
    installation.rollout.failing.clear()
    again = installation.apply({ONE: ALPHA})
    assert {change.target for change in again.done} == {HERE}
    assert installation.plan({ONE: ALPHA}).plan.changes == ()


@pytest.mark.parametrize("error", [Refused("no"), Unavailable("throttled"), NotFound("gone")])
def test_trouble_with_one_stack_set_is_that_stack_sets_trouble(
    installation: Installation, error: GuardianError
) -> None:
    installation.rollout.errors["guardian-alpha"] = error
    applied = installation.apply({ONE: ALPHA, TWO: BETA})
    assert {change.stack_set for change, _ in applied.failed} == {"guardian-alpha"}
    assert {why for _, why in applied.failed} == {str(error)}
    assert installation.instances("guardian-beta") == {Target(TWO, IRELAND), Target(TWO, VIRGINIA)}


def test_what_somebody_else_is_at_work_on_waits_and_is_no_finding(
    installation: Installation,
) -> None:
    installation.rollout.errors["guardian-alpha"] = Busy("operation x is running")
    applied = installation.apply({ONE: ALPHA, TWO: BETA})
    assert {change.stack_set for change, _ in applied.waiting} == {"guardian-alpha"}
    assert applied.failed == ()
    assert installation.instances("guardian-beta") == {Target(TWO, IRELAND), Target(TWO, VIRGINIA)}


def test_an_account_that_moves_has_the_stacks_of_its_new_policy_only(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    installation.apply({ONE: BETA, TWO: ALPHA})
    assert installation.instances("guardian-alpha") == {Target(TWO, IRELAND)}
    assert installation.instances("guardian-beta") == {HERE, Target(ONE, VIRGINIA)}


def test_an_account_that_cannot_leave_its_old_policy_does_not_get_the_new_one(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: BETA})
    installation.rollout.errors["guardian-alpha"] = Unavailable("throttled")
    applied = installation.apply({ONE: BETA, TWO: BETA})
    assert {(c.stack_set, c.action) for c, _ in applied.failed if c.target == HERE} == {
        ("guardian-alpha", Action.DELETE_INSTANCE),
        ("guardian-beta", Action.CREATE_INSTANCE),
    }
    assert installation.instances("guardian-alpha") == {HERE}
    assert HERE not in installation.instances("guardian-beta")


def test_a_stack_set_that_is_not_empty_is_kept_and_told_of(installation: Installation) -> None:
    installation.apply({ONE: ALPHA, TWO: BETA})
    installation.rollout.failing[ONE] = "stuck"
    applied = installation.apply({TWO: BETA})
    failed = {
        change.action for change, _ in applied.failed if change.stack_set == "guardian-alpha"
    }
    assert failed == {Action.DELETE_INSTANCE, Action.DELETE_STACK_SET}
    assert installation.instances("guardian-alpha") == {HERE}


def test_an_update_that_fails_somewhere_says_where(installation: Installation) -> None:
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    old = replace(installation.rollout.sets["guardian-alpha"], fingerprint="old")
    installation.rollout.sets["guardian-alpha"] = old
    installation.rollout.failing[ONE] = "stuck"
    ((change, why),) = installation.apply({ONE: ALPHA, TWO: ALPHA}).failed
    assert (change.action, change.target) == (Action.UPDATE_STACK_SET, None)
    assert why == f"{HERE}: stuck"


def test_progress_is_told(installation: Installation) -> None:
    installation.apply({ONE: BETA})
    assert ("guardian-beta", Action.CREATE_INSTANCE, 2, 2) in installation.told


def test_a_plan_that_deletes_too_much_is_held_and_says_why(installation: Installation) -> None:
    installation.brakes = Brakes(delete_share=0.3, delete_minimum=1)
    installation.apply({ONE: BETA, TWO: BETA})
    assert installation.plan({ONE: BETA, TWO: BETA}).held is None
    held = installation.plan({}).held
    assert held == "it would delete 6 of 6 stack instances at once; 1 may go unasked"


def test_drift_is_mended_and_told_of(installation: Installation) -> None:
    installation.apply({ONE: ALPHA})
    installation.inside.drifted[HERE] = (DISABLED, MISSING)
    applied = installation.apply({ONE: ALPHA})
    assert [change.drift for change in applied.done] == [DISABLED, MISSING]
    assert installation.inside.drifted[HERE] == ()
    findings = installation.journal.all_findings()
    assert [(f.about, f.target, f.mended) for f in findings] == [(About.DRIFT, HERE, True)] * 2
    assert {f.reason for f in findings} == {
        "rule disabled: guardian-alpha-glue-session",
        "state machine missing: guardian-alpha-glue-session",
    }


def test_drift_that_cannot_be_mended_is_told_of_and_the_rest_is_mended(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    elsewhere = Target(TWO, IRELAND)
    installation.inside.drifted = {HERE: (DISABLED,), elsewhere: (DISABLED,)}
    installation.inside.stubborn = frozenset({ONE})
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    assert installation.inside.drifted == {HERE: (DISABLED,), elsewhere: ()}
    told = {(f.target, f.mended): f.reason for f in installation.journal.all_findings()}
    assert told == {
        (elsewhere, True): "rule disabled: guardian-alpha-glue-session",
        (HERE, False): "repair failed: PutRule is denied",
    }


def test_an_account_that_cannot_be_looked_into_is_a_finding(installation: Installation) -> None:
    installation.apply({ONE: ALPHA, TWO: ALPHA})
    installation.inside.closed[ONE] = AccessDenied("no guardian-member")
    installation.inside.drifted[Target(TWO, IRELAND)] = (DISABLED,)
    seen = installation.plan({ONE: ALPHA, TWO: ALPHA})
    assert seen.unseen == (
        Finding(About.ACCESS, "guardian-alpha", "no guardian-member", NOW, HERE),
    )
    assert [change.target for change in seen.plan.changes] == [Target(TWO, IRELAND)]


@pytest.mark.parametrize("status", [InstanceStatus.OUTDATED, InstanceStatus.INOPERABLE])
def test_only_current_stacks_are_probed(
    installation: Installation, status: InstanceStatus
) -> None:
    installation.apply({ONE: ALPHA})
    alpha = installation.rollout.sets["guardian-alpha"]
    changed = tuple(replace(i, status=status) for i in alpha.instances)
    installation.rollout.sets["guardian-alpha"] = replace(alpha, instances=changed)
    installation.plan({ONE: ALPHA})
    assert installation.inside.looked_at == []


def test_busy_stack_sets_and_stacks_on_their_way_out_are_not_probed(
    installation: Installation,
) -> None:
    installation.apply({ONE: ALPHA, TWO: BETA})
    busy = replace(installation.rollout.sets["guardian-beta"], busy="operation-1")
    installation.rollout.sets["guardian-beta"] = busy
    installation.plan({ONE: BETA, TWO: BETA})
    assert installation.inside.looked_at == []


def test_without_probing_no_account_is_looked_into(installation: Installation) -> None:
    installation.apply({ONE: ALPHA})
    governed = governance({ONE: ALPHA})
    plan_once(installation.fleet, governed, organization(), Brakes(), NOW, probing=False)
    assert installation.inside.looked_at == []


def test_a_stack_set_that_is_about_to_be_updated_is_not_looked_into(
    installation: Installation,
) -> None:
    # It was: what it still had of its old template was reported, and "mended", as drift.
    installation.apply({ONE: ALPHA})
    stale = replace(installation.rollout.sets["guardian-alpha"], fingerprint="of the old template")
    installation.rollout.sets["guardian-alpha"] = stale
    installation.inside.drifted[HERE] = (DISABLED,)
    installation.inside.looked_at.clear()
    planned = installation.plan({ONE: ALPHA}).plan
    assert {change.action for change in planned.changes} == {Action.UPDATE_STACK_SET}
    assert installation.inside.looked_at == []
