"""Drift of a stack: only what its template states is compared, and nothing repairs it."""

import json
from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.stacks.conftest import Stacks, queue, resources
from tests.localaws.stacks.test_cloudformation_types import PATTERN, allow, machine, role, rule

INLINE = {"PolicyName": "in", "PolicyDocument": allow("glue:StopSession")}
TEMPLATE = resources(
    Queue=queue(QueueName="q", VisibilityTimeout=60),
    Rule=rule(
        Name="r", State="ENABLED", Targets=[{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}]
    ),
    Role=role(RoleName="role", Policies=[INLINE]),
    Machine=machine(),
)
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"


def detect(stacks: Stacks) -> dict[str, Any]:
    """The resources that are not as they should be."""
    identity = stacks.api.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    status = stacks.api.describe_stack_drift_detection_status(StackDriftDetectionId=identity)
    found = stacks.api.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    drifted = {
        d["LogicalResourceId"]: d for d in found if d["StackResourceDriftStatus"] != "IN_SYNC"
    }
    assert status["DriftedStackResourceCount"] == len(drifted)
    assert status["StackDriftStatus"] == ("DRIFTED" if drifted else "IN_SYNC")
    return drifted


def disable_rule(aws: Aws) -> None:
    aws("events").disable_rule(Name="r")


def change_pattern(aws: Aws) -> None:
    aws("events").put_rule(Name="r", EventPattern=json.dumps({"source": ["nobody"]}))


def remove_target(aws: Aws) -> None:
    aws("events").remove_targets(Rule="r", Ids=["q"])


def edit_definition(aws: Aws) -> None:
    definition = {"StartAt": "Pass", "States": {"Pass": {"Type": "Succeed"}}}
    aws("stepfunctions").update_state_machine(
        stateMachineArn=ARN, definition=json.dumps(definition)
    )


def edit_policy(aws: Aws) -> None:
    document = json.dumps(allow("s3:GetObject"))
    aws("iam").put_role_policy(RoleName="role", PolicyName="in", PolicyDocument=document)


def edit_queue(aws: Aws) -> None:
    url = aws("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})


@pytest.mark.parametrize(
    ("tamper", "resource", "path"),
    [
        (disable_rule, "Rule", "/State"),
        (change_pattern, "Rule", "/EventPattern/source"),
        (remove_target, "Rule", "/Targets"),
        (edit_definition, "Machine", "/DefinitionString"),
        (edit_policy, "Role", "/Policies"),
        (edit_queue, "Queue", "/VisibilityTimeout"),
    ],
)
def test_tampering_is_drift(
    aws: Aws, stacks: Stacks, tamper: Any, resource: str, path: str
) -> None:
    stacks.create("s", TEMPLATE)
    assert detect(stacks) == {}

    tamper(aws)

    drifted = detect(stacks)
    assert list(drifted) == [resource]
    assert drifted[resource]["StackResourceDriftStatus"] == "MODIFIED"
    paths = [difference["PropertyPath"] for difference in drifted[resource]["PropertyDifferences"]]
    assert paths == [path]
    assert stacks.describe("s")["DriftInformation"]["StackDriftStatus"] == "DRIFTED"


def test_a_deleted_resource_is_drift(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", TEMPLATE)

    aws("stepfunctions").delete_state_machine(stateMachineArn=ARN)

    assert detect(stacks)["Machine"]["StackResourceDriftStatus"] == "DELETED"


def test_what_the_template_does_not_state_is_not_compared(aws: Aws, stacks: Stacks) -> None:
    stacks.create("s", TEMPLATE)
    url = aws("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
    more = json.dumps(allow("s3:GetObject"))
    aws("iam").put_role_policy(RoleName="role", PolicyName="more", PolicyDocument=more)
    aws("events").put_rule(Name="other", EventPattern=json.dumps(PATTERN))

    assert detect(stacks) == {}


def test_an_update_in_place_repairs_the_resource_it_touches_and_no_other(
    aws: Aws, stacks: Stacks
) -> None:
    stacks.create("s", TEMPLATE)
    disable_rule(aws)
    edit_queue(aws)

    changed = json.loads(json.dumps(TEMPLATE))
    changed["Resources"]["Rule"]["Properties"]["Description"] = "touched"
    stacks.update("s", changed)

    assert list(detect(stacks)) == ["Queue"]
