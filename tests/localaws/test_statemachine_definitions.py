"""Which definitions of state machines are refused, and by whom."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.statemachines import ROLE, States, machine, task


@pytest.mark.parametrize(
    ("states", "complaint"),
    [
        ({"A": {"Type": "Pass", "Next": "Nowhere"}}, "Nowhere"),
        ({"A": {"Type": "Pass", "End": True}, "B": {"Type": "Succeed"}}, "not reachable"),
        ({"A": task("glue:flyAway")}, "flyAway"),
        ({"A": task("nosuch:stop")}, "not recognized"),
        ({"A": task("glue:stopSession", {"id": "lower"})}, 'field "id" is not supported'),
        ({"A": {"Type": "Pass", "Output": "{% 1 + %}", "End": True}}, "JSONata"),
        ({"A": {"Type": "Nap", "End": True}}, "Nap"),
    ],
)
def test_a_wrong_definition_is_refused(aws: Aws, states: States, complaint: str) -> None:
    sfn = aws("stepfunctions")
    with pytest.raises(sfn.exceptions.InvalidDefinition, match=complaint):
        sfn.create_state_machine(name="m", definition=machine(states), roleArn=ROLE)


@pytest.mark.parametrize(
    ("states", "codes"),
    [
        ({"A": {"Type": "Succeed"}}, []),
        ({"A": {"Type": "Pass", "Next": "Nowhere"}}, ["MISSING_TRANSITION_TARGET"]),
        ({"A": {"Type": "Nap", "End": True}}, ["SCHEMA_VALIDATION_FAILED"]),
    ],
)
def test_a_definition_can_be_validated(aws: Aws, states: States, codes: list[str]) -> None:
    sfn = aws("stepfunctions")
    answer = sfn.validate_state_machine_definition(definition=machine(states))
    assert [problem["code"] for problem in answer["diagnostics"]] == codes
    assert answer["result"] == ("FAIL" if codes else "OK")


def test_a_role_that_does_not_trust_step_functions_is_refused(aws: Aws) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws("iam").create_role(RoleName="stopper", AssumeRolePolicyDocument=document)
    definition = machine({"A": {"Type": "Succeed"}})
    with pytest.raises(ClientError, match=r"states\.amazonaws\.com") as error:
        aws("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=ROLE)
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"
