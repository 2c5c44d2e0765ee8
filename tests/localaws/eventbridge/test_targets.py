"""What a target is given, and where goes what it does not take."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.eventbridge.conftest import MANAGEMENT, MakeQueue, put, role, rule

ONE_STATE = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


@pytest.mark.parametrize(
    ("shaping", "expected"),
    [
        ({"Input": '{"constant": 1}'}, {"constant": 1}),
        ({"InputPath": "$.detail.item"}, "tea"),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"what": "$.detail.item", "type": "$.detail-type"},
                    "InputTemplate": '{"sold": <what>, "text": "<type>: <what>"}',
                }
            },
            {"sold": "tea", "text": "Sold: tea"},
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"tags": "$.detail.tags", "second": "$.detail.tags[1]"},
                    "InputTemplate": '{"all": <tags>, "second": <second>, '
                    '"rule": <aws.events.rule-name>, "gone": "<second>"}',
                }
            },
            {"all": ["hot", "green"], "second": "green", "rule": "rule", "gone": "green"},
        ),
    ],
)
def test_a_target_is_given_what_it_asked_for(
    aws: Aws, queue: MakeQueue, eventually: Eventually, shaping: dict[str, Any], expected: object
) -> None:
    received = queue()
    rule(aws("events"), {"Arn": received.arn} | shaping)
    put(aws("events"), {"item": "tea", "tags": ["hot", "green"]})
    assert eventually(received.bodies) == [expected]


@pytest.mark.parametrize("detail", [{}, {"item": 'a "quoted" tea'}])
def test_a_template_that_gives_invalid_json_goes_to_the_dead_letter_queue(
    aws: Aws, queue: MakeQueue, eventually: Eventually, detail: dict[str, str]
) -> None:
    received, dead = queue(), queue("dead")
    transformer = {"InputPathsMap": {"what": "$.detail.item"}, "InputTemplate": '{"sold": <what>}'}
    rule(
        aws("events"),
        {
            "Arn": received.arn,
            "InputTransformer": transformer,
            "DeadLetterConfig": {"Arn": dead.arn},
        },
    )
    put(aws("events"), detail)
    (kept,) = eventually(dead.bodies)
    assert kept["detail"] == detail
    assert received.messages() == []


def machine(aws: Aws, account: str | None = None) -> str:
    made = aws("stepfunctions", account=account).create_state_machine(
        name="stopper",
        definition=json.dumps(ONE_STATE),
        roleArn=f"arn:aws:iam::{account or MANAGEMENT}:role/machine",
    )
    return str(made["stateMachineArn"])


@pytest.mark.slow
def test_a_state_machine_is_started_with_the_event(
    aws: Aws, member: str, eventually: Eventually
) -> None:
    role(aws, member, "machine")
    arn = machine(aws, member)
    target = {"Arn": arn, "RoleArn": role(aws, member), "RetryPolicy": {"MaximumRetryAttempts": 3}}
    rule(aws("events", account=member), target)
    put(aws("events", account=member), {"item": "tea"})

    machines = aws("stepfunctions", account=member)
    (execution,) = eventually(lambda: machines.list_executions(stateMachineArn=arn)["executions"])
    started = machines.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(started["input"])["detail"] == {"item": "tea"}


@pytest.mark.parametrize("name", ["", "nobody", "stranger"])
def test_a_state_machine_is_not_started_without_a_role_that_trusts_eventbridge(
    aws: Aws, queue: MakeQueue, eventually: Eventually, name: str
) -> None:
    role(aws, name="machine")
    role(aws, name="stranger", trusted="lambda.amazonaws.com")
    role_arn = {"RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/{name}"} if name else {}
    arn, dead = machine(aws), queue("dead")
    rule(aws("events"), {"Arn": arn, "DeadLetterConfig": {"Arn": dead.arn}} | role_arn)
    put(aws("events"))
    (message,) = eventually(dead.messages)
    attributes = message["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert aws("stepfunctions").list_executions(stateMachineArn=arn)["executions"] == []


GONE = f"eu-west-1:{MANAGEMENT}"


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:sqs:{GONE}:gone",
        f"arn:aws:sns:{GONE}:gone",
        f"arn:aws:logs:{GONE}:log-group:/gone",
        f"arn:aws:events:{GONE}:event-bus/gone",
        f"arn:aws:lambda:{GONE}:function:gone",
    ],
)
def test_what_cannot_be_delivered_is_kept_and_harms_no_other_target(
    aws: Aws, queue: MakeQueue, eventually: Eventually, arn: str
) -> None:
    received, dead = queue(), queue("dead")
    rule(
        aws("events"),
        {"Arn": arn, "DeadLetterConfig": {"Arn": dead.arn}},
        {"Arn": received.arn},
    )
    put(aws("events"), {"item": "tea"})
    eventually(received.bodies)
    (message,) = eventually(dead.messages)
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert json.loads(message["Body"])["detail"] == {"item": "tea"}
    assert attributes["RULE_ARN"] == f"arn:aws:events:{GONE}:rule/rule"
    assert attributes["TARGET_ARN"] == arn
    assert attributes["ERROR_MESSAGE"]
    assert set(attributes) >= {"ERROR_CODE", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"}


WRITERS = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]


def let_rules_write(aws: Aws, services: list[str], source: str = "rule/*") -> None:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": services},
        "Resource": f"arn:aws:logs:{GONE}:log-group:/shop:*",
    }
    of_rule = {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{GONE}:{source}"}}
    statements = [
        {**allowed, "Action": "logs:CreateLogStream"},
        {**allowed, "Action": "logs:PutLogEvents", "Condition": of_rule},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws("logs").put_resource_policy(policyName="shop", policyDocument=document)


@pytest.mark.parametrize(
    ("services", "source"),
    [(WRITERS[:1], "rule/*"), (WRITERS[1:], "rule/*"), (WRITERS, "rule/other")],
)
def test_a_log_group_takes_nothing_that_no_policy_allows(
    aws: Aws, queue: MakeQueue, eventually: Eventually, services: list[str], source: str
) -> None:
    dead = queue("dead")
    aws("logs").create_log_group(logGroupName="/shop")
    let_rules_write(aws, services, source)
    target = {"Arn": f"arn:aws:logs:{GONE}:log-group:/shop", "DeadLetterConfig": {"Arn": dead.arn}}
    rule(aws("events"), target)
    put(aws("events"), {"item": "tea"})
    (message,) = eventually(dead.messages)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_a_log_group_keeps_the_event(aws: Aws, eventually: Eventually) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="/shop")
    let_rules_write(aws, WRITERS)
    rule(aws("events"), {"Arn": f"arn:aws:logs:{GONE}:log-group:/shop"})
    put(aws("events"), {"item": "tea"})

    def logged() -> list[Any]:
        return list(logs.filter_log_events(logGroupName="/shop")["events"])

    (entry,) = eventually(logged)
    assert json.loads(entry["message"])["detail"] == {"item": "tea"}


def test_a_sixth_target_is_refused(aws: Aws, queue: MakeQueue) -> None:
    received = queue()
    rule(aws("events"), *[{"Arn": received.arn}] * 5)
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws("events").put_targets(Rule="rule", Targets=[{"Id": "5", "Arn": received.arn}])
