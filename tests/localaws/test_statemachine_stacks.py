"""State machines that CloudFormation makes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.statemachines import machine


def template(text: str, **properties: object) -> str:
    """A template with a role and a machine that says `text` and then what is in `Word`."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    definition = machine({"Say": {"Type": "Pass", "Output": text + " ${Word}", "End": True}})
    sub = {"Fn::Sub": [definition, {"Word": {"Ref": "AWS::Region"}}]}
    machine_properties = {
        "StateMachineName": "made",
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DefinitionString": sub,
        "Tags": [{"Key": "guardian", "Value": text}],
        **properties,
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine_properties},
    }
    outputs = {"Arn": {"Value": {"Ref": "Machine"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


@pytest.fixture
def said(aws: Aws, eventually: Eventually) -> Callable[[str], Any]:
    def execute(arn: str) -> Any:
        sfn = aws("stepfunctions")
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        return eventually(lambda: sfn.describe_execution(executionArn=execution).get("output"))

    return execute


def test_cloudformation_makes_changes_and_deletes_a_machine_that_executes(
    aws: Aws, said: Callable[[str], Any]
) -> None:
    cloudformation, sfn = aws("cloudformation"), aws("stepfunctions")
    stack = {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"]}
    cloudformation.create_stack(**stack, TemplateBody=template("one"))
    stacks = cloudformation.describe_stacks(StackName="s")["Stacks"]
    arn = stacks[0]["Outputs"][0]["OutputValue"]
    assert said(arn) == '"one eu-west-1"'
    cloudformation.update_stack(**stack, TemplateBody=template("two"))
    assert said(arn) == '"two eu-west-1"'
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "guardian", "value": "two"}
    ]
    cloudformation.delete_stack(StackName="s")
    assert sfn.list_state_machines()["stateMachines"] == []


def test_a_definition_in_a_template_may_be_an_object_with_substitutions(
    aws: Aws, said: Callable[[str], Any]
) -> None:
    definition = json.loads(machine({"Say": {"Type": "Pass", "Output": "${Who}", "End": True}}))
    group = {"CloudWatchLogsLogGroup": {"LogGroupArn": "arn:aws:logs:eu-west-1:1:log-group:l:*"}}
    body = json.loads(
        template(
            "unused",
            Definition=definition,
            DefinitionSubstitutions={"Who": {"Ref": "AWS::AccountId"}},
            LoggingConfiguration={"Level": "ERROR", "Destinations": [group]},
        )
    )
    del body["Resources"]["Machine"]["Properties"]["DefinitionString"]
    aws("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"]
    )
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:made"
    assert said(arn) == '"123456789012"'
    described = aws("stepfunctions").describe_state_machine(stateMachineArn=arn)
    assert described["loggingConfiguration"]["level"] == "ERROR"


def test_a_wrong_definition_fails_the_stack(aws: Aws) -> None:
    wrong = machine({"A": {"Type": "Pass", "Next": "Nowhere"}})
    aws("cloudformation").create_stack(
        StackName="s",
        TemplateBody=template("unused", DefinitionString=wrong),
        Capabilities=["CAPABILITY_IAM"],
    )
    stacks = aws("cloudformation").describe_stacks(StackName="s")["Stacks"]
    assert stacks[0]["StackStatus"] == "ROLLBACK_COMPLETE"
    events = aws("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("Nowhere" in reason for reason in reasons)
