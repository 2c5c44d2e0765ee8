import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from guardian.aws.batches import batches
from guardian.aws.connect import Aws
from guardian.desire import WantedStackSet
from guardian.errors import Busy, NotFound, Refused
from guardian.ids import AccountId, OuId, Region, Target
from guardian.plan import InstanceStatus
from tests.contract.conftest import Connect, ask_for_fault, in_member, move, new_ou
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import HttpCall, new_account

pytestmark = pytest.mark.slow
PARIS = Region("eu-west-3")


def template(queue: str = "one") -> str:
    properties = {"QueueName": queue}
    return json.dumps(
        {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}}
    )


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def organized(aws: Boto) -> Callable[..., WantedStackSet]:
    """A stack set that is wanted in new accounts of these names, each in an OU of its own."""

    def wanted(*names: str, regions: tuple[str, ...] = ("eu-west-1",)) -> WantedStackSet:
        accounts = [AccountId(new_account(aws, name)) for name in names]
        cloudformation = aws("cloudformation")
        cloudformation.activate_organizations_access()
        ou_of = {}
        for name, account in zip(names, accounts, strict=True):
            ou_of[account] = new_ou(aws, name)
            move(aws, account, ou_of[account])
        targets = frozenset(Target(a, Region(r)) for a in accounts for r in regions)
        return WantedStackSet("guardian-science", "For science.", template(), "f1", targets, ou_of)

    return wanted


def deployed(guardian: Aws) -> Mapping[Target, InstanceStatus]:
    (only,) = guardian.stack_sets.observe()
    return {instance.target: instance.status for instance in only.instances}


def queues(aws: Boto, target: Target) -> list[str]:
    urls = aws("sqs", target.region, target.account).list_queues().get("QueueUrls", [])
    return [str(url).rpartition("/")[2] for url in urls]


def newest_operation(aws: Boto, name: str) -> Mapping[str, Any]:
    cloudformation = aws("cloudformation")
    newest = cloudformation.list_stack_set_operations(StackSetName=name)["Summaries"][0]
    described = cloudformation.describe_stack_set_operation(
        StackSetName=name, OperationId=newest["OperationId"]
    )
    return dict(described["StackSetOperation"])


def test_a_created_stack_set_is_observed_as_ours_and_empty(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    guardian.stack_sets.create(organized("one"))
    (seen,) = guardian.stack_sets.observe()
    assert (seen.name, seen.fingerprint, seen.instances, seen.busy) == (
        "guardian-science",
        "f1",
        (),
        "",
    )


def test_what_others_made_is_never_observed_whatever_its_name(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    organized("one")
    for name in ("guardian-of-theirs", "guardianship", "other"):
        aws("cloudformation").create_stack_set(StackSetName=name, TemplateBody=template())
    assert guardian.stack_sets.observe() == ()


def test_a_stack_set_that_goes_while_it_is_looked_at_is_not_there(
    guardian: Aws, organized: Callable[..., WantedStackSet], http: HttpCall
) -> None:
    guardian.stack_sets.create(organized("one"))
    gone = {"operation": "ListStackInstances", "error": "StackSetNotFoundException"}
    ask_for_fault(http, "cloudformation", **gone)
    assert guardian.stack_sets.observe() == ()
    assert len(guardian.stack_sets.observe()) == 1


def test_stacks_are_deployed_exactly_where_they_are_wanted(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("one", "two", "three", regions=("eu-west-1", PARIS))
    one, two, _three = wanted.ou_of
    new_neighbour = new_account(aws, "neighbour")
    move(aws, new_neighbour, wanted.ou_of[one])
    guardian.stack_sets.create(wanted)
    targets = [in_member(one), in_member(two), in_member(two, PARIS)]

    assert guardian.stack_sets.deploy(wanted, targets, quiet) == {}

    assert deployed(guardian) == dict.fromkeys(targets, InstanceStatus.CURRENT)
    assert queues(aws, in_member(two, PARIS)) == ["one"]
    assert queues(aws, in_member(one, PARIS)) == []
    assert queues(aws, in_member(new_neighbour)) == []


def test_an_instance_tells_the_ou_it_was_deployed_through(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    wanted = organized("one")
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    (instance,) = guardian.stack_sets.observe()[0].instances
    assert instance.ou == wanted.ou_of[instance.target.account]


def test_progress_counts_up_to_all_instances(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    wanted = organized("one", "two", regions=("eu-west-1", PARIS))
    one, two = wanted.ou_of
    guardian.stack_sets.create(wanted)
    told: list[tuple[int, int]] = []
    # Two different sets of regions are two operations, and still one count.
    targets = [in_member(one), in_member(one, PARIS), in_member(two)]
    guardian.stack_sets.deploy(wanted, targets, lambda *count: told.append(count))
    assert told == sorted(told)
    assert told[-1] == (3, 3)


def test_an_update_reaches_every_instance_and_marks_the_stack_set(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("one", "two")
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)

    changed = replace(wanted, template=template("changed"), fingerprint="f2")
    assert guardian.stack_sets.update(changed, quiet) == {}

    assert guardian.stack_sets.observe()[0].fingerprint == "f2"
    assert [queues(aws, target) for target in wanted.targets] == [["changed"], ["changed"]]


def test_a_stack_set_remembers_whether_it_stops_anything_and_when_it_was_changed(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("one")
    guardian.stack_sets.create(wanted)
    (observing,) = guardian.stack_sets.observe()
    assert (observing.stops, observing.changed) == (False, None)

    stopping = replace(wanted, template=template("changed"), fingerprint="f2", stops=True)
    guardian.stack_sets.update(stopping, quiet)
    (seen,) = guardian.stack_sets.observe()
    began = newest_operation(aws, wanted.name)["CreationTimestamp"]
    assert (seen.stops, seen.changed) == (True, began)


def test_a_stack_that_fails_is_told_with_its_reason_and_the_others_go_on(
    guardian: Aws, organized: Callable[..., WantedStackSet], http: HttpCall
) -> None:
    wanted = organized("good", "bad")
    good, bad = wanted.ou_of
    http("POST", "/localaws/stacksets/faults", {"account": bad, "reason": "not today"})
    guardian.stack_sets.create(wanted)

    failed = guardian.stack_sets.deploy(wanted, wanted.targets, quiet)

    assert failed.keys() == {in_member(bad)}
    assert "not today" in failed[in_member(bad)]
    assert deployed(guardian) == {
        in_member(good): InstanceStatus.CURRENT,
        in_member(bad): InstanceStatus.OUTDATED,
    }


def test_only_what_is_withdrawn_goes(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("stays", "goes")
    stays, goes = wanted.ou_of
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)

    assert guardian.stack_sets.withdraw(wanted.name, [in_member(goes)], quiet) == {}

    assert deployed(guardian).keys() == {in_member(stays)}
    assert (queues(aws, in_member(stays)), queues(aws, in_member(goes))) == (["one"], [])


def test_an_account_that_has_moved_is_withdrawn_from_where_it_is(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("moved")
    (moved,) = wanted.ou_of
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    move(aws, moved, new_ou(aws, "Elsewhere"))
    aws("organizations").delete_organizational_unit(OrganizationalUnitId=wanted.ou_of[moved])

    assert guardian.stack_sets.withdraw(wanted.name, [in_member(moved)], quiet) == {}

    assert deployed(guardian) == {}
    assert queues(aws, in_member(moved)) == []


def test_a_suspended_accounts_instance_is_withdrawn_without_touching_its_stack(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("suspended")
    (suspended,) = wanted.ou_of
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    aws("organizations").close_account(AccountId=suspended)
    guardian.stack_sets.update(replace(wanted, template=template("changed")), quiet)
    assert guardian.stack_sets.observe()[0].instances[0].detailed == "SKIPPED_SUSPENDED_ACCOUNT"

    guardian.stack_sets.withdraw(wanted.name, wanted.targets, quiet)

    withdrawal = newest_operation(aws, wanted.name)
    assert (withdrawal["Action"], withdrawal["RetainStacks"]) == ("DELETE", True)


def test_an_account_that_is_not_where_it_was_wanted_is_told(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("stays", "moved")
    stays, moved = wanted.ou_of
    guardian.stack_sets.create(wanted)
    move(aws, moved, new_ou(aws, "Elsewhere"))
    failed = guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    assert failed.keys() == {in_member(moved)}
    assert deployed(guardian).keys() == {in_member(stays)}


def test_an_empty_stack_set_can_be_deleted_and_another_not(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    wanted = organized("one")
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    with pytest.raises(Refused, match="StackSetNotEmptyException"):
        guardian.stack_sets.delete(wanted.name)
    guardian.stack_sets.withdraw(wanted.name, wanted.targets, quiet)
    guardian.stack_sets.delete(wanted.name)
    assert guardian.stack_sets.observe() == ()


def test_an_operation_that_outlasts_patience_is_left_to_run_and_the_set_is_busy(
    connected: Connect, organized: Callable[..., WantedStackSet]
) -> None:
    guardian = connected(patience=timedelta(0))
    wanted = organized("one")
    guardian.stack_sets.create(wanted)
    with pytest.raises(Busy, match="still RUNNING"):
        guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    assert guardian.stack_sets.observe()[0].busy.startswith("CREATE ")
    with pytest.raises(Busy, match="OperationInProgressException"):
        guardian.stack_sets.update(wanted, quiet)


def test_a_stop_of_the_daemon_does_not_wait_for_the_operation(
    connected: Connect, organized: Callable[..., WantedStackSet]
) -> None:
    stopping = Event()
    guardian = connected(wait=stopping.wait, poll=timedelta(seconds=30))
    wanted = organized("one")
    guardian.stack_sets.create(wanted)
    stopping.set()
    with pytest.raises(Busy, match="still RUNNING"):
        guardian.stack_sets.deploy(wanted, wanted.targets, quiet)


def test_a_name_that_is_taken_is_refused(
    guardian: Aws, organized: Callable[..., WantedStackSet], aws: Boto
) -> None:
    wanted = organized("one")
    aws("cloudformation").create_stack_set(StackSetName=wanted.name, TemplateBody=template())
    with pytest.raises(Refused, match="NameAlreadyExistsException"):
        guardian.stack_sets.create(wanted)


def test_a_stack_set_that_is_not_there_is_not_found(
    guardian: Aws, organized: Callable[..., WantedStackSet]
) -> None:
    with pytest.raises(NotFound):
        guardian.stack_sets.update(organized("one"), quiet)


def test_accounts_with_the_same_regions_are_one_batch() -> None:
    one, two = AccountId("1" * 12), AccountId("2" * 12)
    targets = [in_member(one), in_member(two), in_member(two, PARIS)]
    ou_of = {one: OuId("ou-1"), two: OuId("ou-2")}
    found = [(batch.accounts, batch.regions, batch.ous) for batch in batches(targets, ou_of)]
    assert found == [
        ((one,), ("eu-west-1",), ("ou-1",)),
        ((two,), ("eu-west-1", PARIS), ("ou-2",)),
    ]


def test_no_batch_has_more_than_fifty_ous_and_none_loses_a_target() -> None:
    accounts = [AccountId(f"{number:012}") for number in range(101)]
    ou_of = {account: OuId(f"ou-{account}") for account in accounts}
    targets = {in_member(account) for account in accounts}
    found = list(batches(targets, ou_of))
    assert [len(batch.ous) for batch in found] == [50, 50, 1]
    assert {target for batch in found for target in batch.targets} == targets
