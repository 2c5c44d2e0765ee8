"""Templates that are brought to some instances of a stack set before the others."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.desire import WantedStackSet
from guardian.ids import AccountId, Target
from guardian.plan import DeployedStackSet, InstanceStatus, Purpose, purpose_of
from tests.contract import test_stack_sets
from tests.contract.conftest import in_member, move, new_ou
from tests.contract.test_stack_sets import PARIS, deployed, queues, quiet, template
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import HttpCall

pytestmark = pytest.mark.slow
organized = test_stack_sets.organized
OLD, NEW = InstanceStatus.OUTDATED, InstanceStatus.CURRENT


@pytest.fixture
def rolled_out(guardian: Aws, organized: Callable[..., WantedStackSet]) -> WantedStackSet:
    """A stack set in two accounts, and what it is to become."""
    wanted = organized("canary", "other")
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    return replace(wanted, template=template("changed"), fingerprint="f2")


def members(wanted: WantedStackSet) -> tuple[Target, Target]:
    canary, other = wanted.ou_of
    return in_member(canary), in_member(other)


def only(guardian: Aws) -> DeployedStackSet:
    (found,) = guardian.stack_sets.observe()
    return found


def purposes(guardian: Aws) -> Mapping[Target, Purpose | None]:
    found = only(guardian)
    return {i.target: purpose_of(i.operation, found.rollout) for i in found.instances}


def bring(guardian: Aws, wanted: WantedStackSet, *targets: Target) -> Mapping[Target, str]:
    return guardian.stack_sets.update_some(wanted, targets, Purpose.WAVE, quiet)


def stack_in(aws: Boto, target: Target) -> Mapping[str, Any]:
    (stack,) = aws("cloudformation", target.region, target.account).describe_stacks()["Stacks"]
    return dict(stack)


def test_a_wave_gets_the_template_and_the_others_are_outdated(
    guardian: Aws, rolled_out: WantedStackSet, aws: Boto
) -> None:
    canary, other = members(rolled_out)
    before = only(guardian)

    assert bring(guardian, rolled_out, canary) == {}

    after = only(guardian)
    assert deployed(guardian) == {canary: NEW, other: OLD}
    assert (queues(aws, canary), queues(aws, other)) == (["changed"], ["one"])
    assert (before.fingerprint, after.fingerprint) == ("f1", "f2")
    assert (before.template, after.template) == (template(), template("changed"))
    assert before.rollout != after.rollout
    assert purposes(guardian) == {canary: Purpose.WAVE, other: None}


def test_the_next_wave_leaves_the_first_as_it_is(
    guardian: Aws, rolled_out: WantedStackSet, aws: Boto
) -> None:
    canary, other = members(rolled_out)
    bring(guardian, rolled_out, canary)
    rollout = only(guardian).rollout

    assert bring(guardian, rolled_out, other) == {}

    assert deployed(guardian) == {canary: NEW, other: NEW}
    assert queues(aws, other) == ["changed"]
    assert only(guardian).rollout == rollout
    assert purposes(guardian) == dict.fromkeys((canary, other), Purpose.WAVE)


def test_when_the_last_operations_ended_is_seen(guardian: Aws, rolled_out: WantedStackSet) -> None:
    before = only(guardian)
    bring(guardian, rolled_out, members(rolled_out)[0])
    after = only(guardian)
    assert before.updated is None
    assert before.created
    assert after.created == before.created
    assert after.updated
    assert after.updated - before.created > timedelta()


def test_a_wave_of_different_regions_changes_the_template_once(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    wanted = organized("one", "two", regions=("eu-west-1", PARIS))
    one, two = wanted.ou_of
    targets = [in_member(one), in_member(one, PARIS), in_member(two)]
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, targets, quiet)
    bring(guardian, replace(wanted, template=template("changed"), fingerprint="f2"), *targets)
    assert deployed(guardian) == dict.fromkeys(targets, NEW)


def test_what_failed_is_told_and_tried_again_with_the_template_there_is(
    guardian: Aws, rolled_out: WantedStackSet, http: HttpCall, aws: Boto
) -> None:
    canary, other = members(rolled_out)
    http("POST", "/localaws/stacksets/faults", {"account": canary.account, "reason": "not today"})
    failed = bring(guardian, rolled_out, canary)
    assert "not today" in failed[canary]
    assert deployed(guardian) == {canary: OLD, other: OLD}
    assert purposes(guardian)[canary] is Purpose.WAVE

    http("POST", "/localaws/stacksets/faults", {"account": canary.account, "reason": None})
    later = replace(rolled_out, template=template("later"), fingerprint="f3")
    assert guardian.stack_sets.update_some(later, [canary], Purpose.RETRY, quiet) == {}
    assert (deployed(guardian)[canary], queues(aws, canary)) == (NEW, ["changed"])
    assert only(guardian).fingerprint == "f2"
    assert purposes(guardian)[canary] is Purpose.RETRY


def test_a_template_that_is_put_back_touches_nobody_who_has_it(
    guardian: Aws, rolled_out: WantedStackSet, aws: Boto
) -> None:
    canary, other = members(rolled_out)
    former, before = only(guardian), stack_in(aws, other)
    bring(guardian, rolled_out, canary)

    back = replace(
        rolled_out,
        template=former.template,
        fingerprint=former.fingerprint,
        rollout=former.rollout,
    )
    assert guardian.stack_sets.update(back, quiet) == {}

    assert deployed(guardian) == {canary: NEW, other: NEW}
    assert queues(aws, canary) == ["one"]
    assert stack_in(aws, other) == before
    assert only(guardian).rollout == former.rollout


def test_an_update_of_all_with_the_template_they_have_changes_no_tag(
    guardian: Aws, rolled_out: WantedStackSet, aws: Boto
) -> None:
    _, other = members(rolled_out)
    before = stack_in(aws, other)
    guardian.stack_sets.update(replace(rolled_out, template=template(), fingerprint="f1"), quiet)
    assert stack_in(aws, other) == before


def test_an_account_that_has_moved_gets_its_template_where_it_is(
    guardian: Aws, rolled_out: WantedStackSet, aws: Boto
) -> None:
    canary, _ = members(rolled_out)
    move(aws, AccountId(canary.account), new_ou(aws, "Elsewhere"))
    assert bring(guardian, rolled_out, canary) == {}
    assert queues(aws, canary) == ["changed"]
