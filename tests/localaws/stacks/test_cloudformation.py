"""Stacks: templates, updates, rollbacks, change sets."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.stacks.conftest import Stacks, queue, resources

BROKEN_RULE = {
    "Type": "AWS::Events::Rule",
    "Properties": {"Name": "broken", "ScheduleExpression": "now and then"},
    "DependsOn": "Queue",
}
FOUND = {"Fn::FindInMap": ["Texts", "Of", "Own"]}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "reader",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "states.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    },
}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def queues(aws: Aws) -> list[str]:
    urls = aws("sqs").list_queues().get("QueueUrls", [])
    return sorted(url.split("/")[-1] for url in urls)


def test_what_a_mapping_puts_into_a_text_is_not_looked_into(stacks: Stacks) -> None:
    mapped = "${AWS::Region} ${!Kept} {{no: reference}} ${Own}"
    text = {"Fn::Sub": ["<${Own}> ${AWS::Region}", {"Own": FOUND}]}
    template = {
        "Mappings": {"Texts": {"Of": {"Own": mapped}}},
        "Resources": {"Queue": queue(QueueName="q")},
        "Outputs": {"Text": {"Value": text}},
    }
    stacks.create("s", template)
    assert stacks.outputs("s") == {"Text": f"<{mapped}> eu-west-1"}


def test_functions_conditions_and_pseudo_parameters_are_evaluated(stacks: Stacks) -> None:
    template: dict[str, Any] = {
        "Parameters": {"Stage": {"Type": "String", "Default": "dev"}},
        "Mappings": {"Delay": {"prod": {"Seconds": 9}, "dev": {"Seconds": 3}}},
        "Conditions": {
            "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "NotProd": {"Fn::Not": [{"Condition": "Prod"}]},
        },
        "Resources": {
            "Queue": queue(
                QueueName={"Fn::Sub": "q-${Stage}-${AWS::Region}"},
                DelaySeconds={"Fn::FindInMap": ["Delay", {"Ref": "Stage"}, "Seconds"]},
                VisibilityTimeout={"Fn::If": ["Prod", 60, {"Ref": "AWS::NoValue"}]},
            ),
            "Absent": queue() | {"Condition": "Prod"},
        },
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}},
            "Text": {
                "Value": {
                    "Fn::Sub": [
                        "${!Kept} ${Given} ${Queue.QueueName} ${AWS::AccountId} ${AWS::Partition}",
                        {"Given": {"Fn::Join": ["-", ["a", {"Fn::Select": [1, ["b", "c"]]}]]}},
                    ]
                }
            },
            "Dev": {"Value": "yes", "Condition": "NotProd"},
            "Prod": {"Value": "no", "Condition": "Prod"},
        },
    }

    assert stacks.create("s", template)["StackStatus"] == "CREATE_COMPLETE"

    assert stacks.outputs("s") == {
        "Arn": "arn:aws:sqs:eu-west-1:123456789012:q-dev-eu-west-1",
        "Text": "${Kept} a-c q-dev-eu-west-1 123456789012 aws",
        "Dev": "yes",
    }
    assert set(stacks.resources("s")) == {"Queue"}


def test_a_yaml_template_with_short_forms_is_read(stacks: Stacks) -> None:
    stacks.api.create_stack(
        StackName="y",
        TemplateBody="""
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${AWS::StackName}-q"}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn}
  Url: {Value: !Ref Queue}
""",
    )

    assert stacks.outputs("y")["Arn"].endswith(":y-q")
    assert stacks.outputs("y")["Url"].endswith("/y-q")


def test_a_stack_in_a_member_account_knows_its_account(aws: Aws, member: str) -> None:
    there = Stacks(aws("cloudformation", account=member))
    there.create(
        "s", resources(Q=queue()) | {"Outputs": {"A": {"Value": {"Ref": "AWS::AccountId"}}}}
    )

    assert there.outputs("s") == {"A": member}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not well-formed"),
        ("[]", "unsupported structure"),
        ('{"Resources": {}}', "At least one Resources member"),
        ('{"Resources": {"A": {"Type": "AWS::No::Such"}}}', "Unrecognized resource types"),
        (
            '{"Resources": {"A": {"Type": "AWS::SQS::Queue", "DependsOn": {"Ref": "B"}}}}',
            "Unresolved resource dependencies [B]",
        ),
    ],
)
def test_a_bad_template_is_refused_and_leaves_no_stack(
    stacks: Stacks, body: str, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        stacks.api.create_stack(StackName="bad", TemplateBody=body)

    assert code_of(refused) == "ValidationError"
    assert message in str(refused.value)
    assert stacks.api.describe_stacks()["Stacks"] == []


def test_a_template_over_the_inline_limit_comes_from_s3(aws: Aws, stacks: Stacks) -> None:
    big = '{"Description": "%s", "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}' % ("x" * 51_200)
    with pytest.raises(ClientError, match="51200"):
        stacks.api.create_stack(StackName="big", TemplateBody=big)
    location = {"LocationConstraint": "eu-west-1"}
    aws("s3").create_bucket(Bucket="templates", CreateBucketConfiguration=location)
    aws("s3").put_object(Bucket="templates", Key="a/big.json", Body=big)

    url = "https://templates.s3.eu-west-1.amazonaws.com/a/big.json"
    stacks.api.create_stack(StackName="big", TemplateURL=url)

    assert stacks.describe("big")["StackStatus"] == "CREATE_COMPLETE"


def test_named_roles_need_to_be_acknowledged(stacks: Stacks) -> None:
    with pytest.raises(ClientError) as refused:
        stacks.create("s", resources(Role=ROLE), Capabilities=["CAPABILITY_IAM"])

    assert code_of(refused) == "InsufficientCapabilitiesException"
    assert "Requires capabilities : [CAPABILITY_NAMED_IAM]" in str(refused.value)


def test_a_resource_that_fails_rolls_the_whole_stack_back(aws: Aws, stacks: Stacks) -> None:
    stack = stacks.create("s", resources(Queue=queue(QueueName="q"), Rule=BROKEN_RULE))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "ScheduleExpression is not valid" in stack["StackStatusReason"]
    assert queues(aws) == []
    assert stacks.events("s") == [
        ("s", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("Rule", "CREATE_IN_PROGRESS"),
        ("Rule", "CREATE_FAILED"),
        ("s", "ROLLBACK_IN_PROGRESS"),
        ("Queue", "DELETE_IN_PROGRESS"),
        ("Queue", "DELETE_COMPLETE"),
        ("s", "ROLLBACK_COMPLETE"),
    ]
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update("s", resources(Queue=queue()))


def test_an_output_that_cannot_be_evaluated_rolls_back(aws: Aws, stacks: Stacks) -> None:
    template = resources(Queue=queue(QueueName="q"))
    template["Outputs"] = {"No": {"Value": {"Fn::GetAtt": ["Queue", "Colour"]}}}

    assert stacks.create("s", template)["StackStatus"] == "ROLLBACK_COMPLETE"

    assert queues(aws) == []


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


def test_exports_reach_other_stacks_and_are_unique(stacks: Stacks) -> None:
    exporting = resources(Queue=queue(QueueName="q"))
    exporting["Outputs"] = {
        "Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "queue-arn"}}
    }
    stacks.create("exporter", exporting)
    importing = resources(Other=queue()) | {
        "Outputs": {"Imported": {"Value": {"Fn::ImportValue": "queue-arn"}}}
    }
    stacks.create("importer", importing)

    assert stacks.outputs("importer")["Imported"].endswith(":q")
    assert stacks.describe("exporter")["Outputs"][0]["ExportName"] == "queue-arn"
    clashing = resources(Queue=queue()) | {"Outputs": exporting["Outputs"]}
    assert stacks.create("clash", clashing)["StackStatus"] == "ROLLBACK_COMPLETE"
    stacks.api.delete_stack(StackName="exporter")
    assert stacks.api.list_exports()["Exports"] == []


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
