"""Making stacks: templates, what they need, and what happens when a resource fails."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.stacks.conftest import BROKEN_RULE, Stacks, queue, queues, resources

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
