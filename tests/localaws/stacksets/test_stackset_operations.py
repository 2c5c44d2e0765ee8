"""Operations of stack sets: they take time, one at a time, and say how each place went."""

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacksets.conftest import REGIONS, Estate, everywhere, template

ONE_BY_ONE = {"RegionOrder": REGIONS}


def test_an_operation_runs_in_the_background_and_members_see_their_stack(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()

    operation = estate.start("create_stack_instances", estate.data)

    assert estate.status(operation) == "RUNNING"
    assert estate.statuses()[account][0] == "OUTDATED"
    assert estate.finish(operation) == "SUCCEEDED"
    assert set(estate.instances()) == everywhere(account)
    assert estate.statuses() == {account: ("CURRENT", "SUCCEEDED")}
    assert estate.results(operation) == dict.fromkeys(everywhere(account), "SUCCEEDED")
    there = estate.aws("cloudformation", "us-east-1", account)
    stack_id = estate.instances()[account, "us-east-1"]["StackId"]
    [stack] = there.describe_stacks(StackName=stack_id)["Stacks"]
    assert stack["StackName"].startswith("StackSet-guardian-")
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert there.describe_stacks()["Stacks"] == [stack]


def test_a_second_operation_is_refused_while_one_runs(estate: Estate) -> None:
    estate.account("a", estate.data)
    estate.create_set()
    operation = estate.start("create_stack_instances", estate.data)

    with pytest.raises(ClientError) as refused:
        estate.start("update_stack_set", UsePreviousTemplate=True)

    assert refused.value.response["Error"]["Code"] == "OperationInProgressException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert estate.finish(operation) == "SUCCEEDED"
    assert estate.run("update_stack_set", UsePreviousTemplate=True) == "SUCCEEDED"


def test_managed_execution_queues_the_second_operation(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set(ManagedExecution={"Active": True})
    first = estate.start("create_stack_instances", estate.data)

    second = estate.start("update_stack_set", TemplateBody=template(DelaySeconds=4))

    assert estate.status(second) == "QUEUED"
    assert estate.finish(second) == "SUCCEEDED"
    assert estate.status(first) == "SUCCEEDED"
    assert estate.attribute(account, "DelaySeconds") == "4"


def test_an_operation_id_is_used_once(estate: Estate) -> None:
    estate.create_set()
    assert estate.run("create_stack_instances", estate.data, OperationId="mine") == "SUCCEEDED"

    with pytest.raises(ClientError) as refused:
        estate.start("create_stack_instances", estate.data, OperationId="mine")

    assert refused.value.response["Error"]["Code"] == "OperationIdAlreadyExistsException"


def test_by_default_the_first_failure_cancels_the_rest(estate: Estate) -> None:
    accounts = sorted(estate.account(name, estate.data) for name in "abc")
    first, *others = order_of(estate, accounts)
    estate.fails(first)
    estate.create_set()

    operation = estate.start(
        "create_stack_instances", estate.data, OperationPreferences=ONE_BY_ONE
    )

    assert estate.finish(operation) == "FAILED"
    results = estate.results(operation)
    assert results[first, REGIONS[0]] == "FAILED"
    assert all(results[account, REGIONS[0]] == "CANCELLED" for account in others)
    assert all(results[account, REGIONS[1]] == "CANCELLED" for account in accounts)
    row = estate.instances()[first, REGIONS[0]]
    assert (row["Status"], row["StatusReason"]) == ("OUTDATED", "denied by a policy")
    assert estate.statuses()[others[0]] == ("OUTDATED", "CANCELLED")


def order_of(estate: Estate, accounts: list[str]) -> list[str]:
    """The accounts in the order an operation takes them: as they joined."""
    listed = [a["Id"] for a in estate.organizations.list_accounts()["Accounts"]]
    return sorted(accounts, key=listed.index)


def test_failures_within_the_tolerance_leave_the_others_alone(estate: Estate) -> None:
    good, bad = estate.account("good", estate.data), estate.account("bad", estate.data)
    estate.fails(bad)
    estate.create_set()

    operation = estate.start("create_stack_instances", estate.data)

    assert estate.finish(operation) == "SUCCEEDED"
    assert estate.statuses() == {good: ("CURRENT", "SUCCEEDED"), bad: ("OUTDATED", "FAILED")}
    [failed, _] = [o for o in estate.results(operation).items() if o[0][0] == bad]
    assert failed[1] == "FAILED"
    described = estate.api.describe_stack_set_operation(
        StackSetName="guardian", OperationId=operation
    )["StackSetOperation"]
    assert described["StatusDetails"] == {"FailedStackInstancesCount": 2}
    estate.fails(bad, None)
    assert estate.run("update_stack_set", UsePreviousTemplate=True) == "SUCCEEDED"
    assert estate.statuses()[bad] == ("CURRENT", "SUCCEEDED")


def test_a_stack_that_rolls_back_is_made_anew_by_the_next_operation(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.aws("sqs", REGIONS[0], account).create_queue(QueueName="guarded")
    estate.create_set()

    assert estate.run("create_stack_instances", estate.data) == "SUCCEEDED"

    row = estate.instances()[account, REGIONS[0]]
    assert row["StackInstanceStatus"]["DetailedStatus"] == "FAILED"
    assert "ResourceLogicalId:Queue, ResourceType:AWS::SQS::Queue" in row["StatusReason"]
    there = estate.aws("cloudformation", REGIONS[0], account)
    assert there.describe_stacks()["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    sqs = estate.aws("sqs", REGIONS[0], account)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="guarded")["QueueUrl"])
    estate.run("create_stack_instances", estate.data)
    assert estate.statuses()[account] == ("CURRENT", "SUCCEEDED")
    assert len(there.describe_stacks()["Stacks"]) == 1


def test_a_stopped_operation_cancels_what_it_has_not_begun(estate: Estate) -> None:
    for name in "abc":
        estate.account(name, estate.data)
    estate.create_set()
    operation = estate.start(
        "create_stack_instances", estate.data, OperationPreferences=ONE_BY_ONE
    )

    estate.api.stop_stack_set_operation(StackSetName="guardian", OperationId=operation)

    assert estate.finish(operation) == "STOPPED"
    results = sorted(estate.results(operation).values())
    assert results[0] == "CANCELLED"
    assert set(results) <= {"CANCELLED", "SUCCEEDED"}
    with pytest.raises(ClientError, match="is in STOPPED state"):
        estate.api.stop_stack_set_operation(StackSetName="guardian", OperationId=operation)


def test_a_delete_that_fails_leaves_the_instance_inoperable(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)
    estate.fails(account)

    estate.run("delete_stack_instances", estate.data)

    assert estate.statuses() == {account: ("INOPERABLE", "INOPERABLE")}
    assert estate.run("delete_stack_instances", estate.data, RetainStacks=True) == "SUCCEEDED"
    assert estate.instances() == {}
    assert estate.attribute(account, "DelaySeconds") == "0"


def test_suspended_accounts_are_skipped(estate: Estate) -> None:
    active, closed = estate.account("active", estate.data), estate.account("closed", estate.data)
    estate.organizations.close_account(AccountId=closed)
    estate.create_set()

    assert estate.run("create_stack_instances", estate.data) == "SUCCEEDED"

    assert estate.statuses() == {
        active: ("CURRENT", "SUCCEEDED"),
        closed: ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"),
    }


def test_operations_and_results_come_in_pages_newest_first(estate: Estate) -> None:
    estate.account("a", estate.data)
    estate.create_set()
    ids = [
        estate.start("create_stack_instances", estate.data),
    ]
    estate.finish(ids[0])
    ids.append(estate.start("update_stack_set", UsePreviousTemplate=True))
    estate.finish(ids[1])

    first = estate.api.list_stack_set_operations(StackSetName="guardian", MaxResults=1)
    second = estate.api.list_stack_set_operations(
        StackSetName="guardian", MaxResults=1, NextToken=first["NextToken"]
    )

    assert [o["OperationId"] for o in first["Summaries"] + second["Summaries"]] == ids[::-1]
    assert "NextToken" not in second
    assert [o["Action"] for o in first["Summaries"] + second["Summaries"]] == ["UPDATE", "CREATE"]


@pytest.mark.slow
def test_many_accounts_take_seconds(estate: Estate) -> None:
    accounts = [estate.account(f"a{number}", estate.data) for number in range(40)]
    estate.create_set()

    assert estate.run("create_stack_instances", estate.data) == "SUCCEEDED"

    pages = estate.api.get_paginator("list_stack_instances").paginate(StackSetName="guardian")
    rows = [row for page in pages for row in page["Summaries"]]
    assert {(row["Account"], row["Region"]) for row in rows} == everywhere(*accounts)
