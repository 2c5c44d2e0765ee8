"""What becomes of a stack that is there: updates, deletions, change sets."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.stacks.conftest import BROKEN_RULE, Stacks, queue, queues, resources


def test_an_update_adds_changes_and_removes(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", resources(A=queue(QueueName="a"), B=queue(QueueName="b")))

    new = resources(B=queue(QueueName="b", DelaySeconds=7), C=queue(QueueName="c"))
    assert stacks.update("s", new)["StackStatus"] == "UPDATE_COMPLETE"

    assert queues(aws) == ["b", "c"]
    b = stacks.resources("s")["B"]
    found = aws("sqs").get_queue_attributes(QueueUrl=b, AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "7"}


def test_a_failed_update_leaves_what_was_there(aws: Aws, stacks: Stacks) -> None:
    old = resources(Queue=queue(QueueName="q", DelaySeconds=1))
    stacks.create("s", old)

    new = resources(
        Queue=queue(QueueName="q", DelaySeconds=5), More=queue(QueueName="more"), Rule=BROKEN_RULE
    )
    assert stacks.update("s", new)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    assert queues(aws) == ["q"]
    url = stacks.resources("s")["Queue"]
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "1"}
    with pytest.raises(ClientError, match="No updates"):
        stacks.update("s", old)
    assert stacks.update("s", resources(Queue=queue(QueueName="q", DelaySeconds=2)))[
        "StackStatus"
    ] == ("UPDATE_COMPLETE")


def test_an_update_that_changes_nothing_is_refused(stacks: Stacks) -> None:
    stacks.create("s", resources(Queue=queue(QueueName="q")))

    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        stacks.update("s", resources(Queue=queue(QueueName="q")) | {"Description": "other words"})


def test_a_changed_name_makes_a_new_resource_and_drops_the_old(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", resources(Queue=queue(QueueName="old")))

    stacks.update("s", resources(Queue=queue(QueueName="new")))

    assert queues(aws) == ["new"]


def test_a_generated_name_survives_updates(stacks: Stacks) -> None:
    stacks.create("s", resources(Queue=queue()))
    before = stacks.resources("s")

    stacks.update("s", resources(Queue=queue(DelaySeconds=3)))

    assert stacks.resources("s") == before
    assert "/s-Queue-" in before["Queue"]


def test_a_changed_parameter_reaches_the_resources(aws: Aws, stacks: Stacks) -> None:
    template = resources(Queue=queue(QueueName="q", DelaySeconds={"Ref": "Delay"}))
    template["Parameters"] = {"Delay": {"Type": "Number"}, "Kept": {"Type": "String"}}

    def given(delay: str) -> list[dict[str, Any]]:
        return [
            {"ParameterKey": "Delay", "ParameterValue": delay},
            {"ParameterKey": "Kept", "UsePreviousValue": True},
        ]

    with pytest.raises(ClientError, match=r"Parameters: \[Delay, Kept\] must have values"):
        stacks.create("s", template)
    kept = {"ParameterKey": "Kept", "ParameterValue": "k"}
    stacks.create("s", template, Parameters=[given("1")[0], kept])

    stacks.update("s", template, Parameters=given("4"))

    url = stacks.resources("s")["Queue"]
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "4"}
    assert {
        p["ParameterKey"]: p["ParameterValue"] for p in stacks.describe("s")["Parameters"]
    } == {
        "Delay": "4",
        "Kept": "k",
    }


def test_a_stack_is_deleted_even_when_somebody_deleted_its_resource(
    aws: Aws, stacks: Stacks
) -> None:
    stacks.create("s", resources(A=queue(QueueName="a"), B=queue(QueueName="b")))
    stack_id = stacks.describe("s")["StackId"]
    aws("sqs").delete_queue(QueueUrl=stacks.resources("s")["A"])

    stacks.api.delete_stack(StackName="s")

    assert queues(aws) == []
    assert stacks.describe(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="Stack with id s does not exist"):
        stacks.describe("s")


def test_a_stack_that_cannot_be_deleted_says_so(aws: Aws, stacks: Stacks) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full"}}
    stacks.create("s", resources(Bucket=bucket, Queue=queue(QueueName="q")))
    aws("s3").put_object(Bucket="full", Key="k", Body=b"")

    stacks.api.delete_stack(StackName="s")

    assert stacks.describe("s")["StackStatus"] == "DELETE_FAILED"
    assert set(stacks.resources("s")) == {"Bucket"}
    aws("s3").delete_object(Bucket="full", Key="k")
    stacks.api.delete_stack(StackName="s")
    assert stacks.api.describe_stacks()["Stacks"] == []


def test_a_retained_resource_outlives_its_stack(aws: Aws, stacks: Stacks) -> None:
    kept = queue(QueueName="kept") | {"DeletionPolicy": "Retain"}
    stacks.create("s", resources(Kept=kept, Gone=queue(QueueName="gone")))

    stacks.api.delete_stack(StackName="s")

    assert queues(aws) == ["kept"]


def test_a_protected_stack_is_not_deleted(stacks: Stacks) -> None:
    stacks.create("s", resources(Q=queue()), EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection"):
        stacks.api.delete_stack(StackName="s")

    stacks.api.update_termination_protection(StackName="s", EnableTerminationProtection=False)
    stacks.api.delete_stack(StackName="s")

    assert stacks.api.describe_stacks()["Stacks"] == []


def test_a_change_set_waits_until_it_is_executed(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", resources(A=queue(QueueName="a")))
    new = resources(A=queue(QueueName="a", DelaySeconds=2), B=queue(QueueName="b"))

    stacks.api.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=json.dumps(new))
    described = stacks.api.describe_change_set(StackName="s", ChangeSetName="c")
    changes = [change["ResourceChange"] for change in described["Changes"]]
    assert [(c["Action"], c["LogicalResourceId"]) for c in changes] == [
        ("Add", "B"),
        ("Modify", "A"),
    ]
    assert queues(aws) == ["a"]

    stacks.api.execute_change_set(StackName="s", ChangeSetName="c")
    assert queues(aws) == ["a", "b"]
    assert stacks.describe("s")["StackStatus"] == "UPDATE_COMPLETE"

    stacks.api.create_change_set(StackName="s", ChangeSetName="d", TemplateBody=json.dumps(new))
    nothing = stacks.api.describe_change_set(StackName="s", ChangeSetName="d")
    assert (nothing["Status"], nothing["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in nothing["StatusReason"]


def test_a_change_set_can_make_a_stack(stacks: Stacks) -> None:
    stacks.api.create_change_set(
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(resources(A=queue())),
    )
    assert stacks.describe("s")["StackStatus"] == "REVIEW_IN_PROGRESS"

    stacks.api.execute_change_set(StackName="s", ChangeSetName="c")

    assert stacks.describe("s")["StackStatus"] == "CREATE_COMPLETE"
