"""EventBridge: what reaches which target, as what, and where the rest goes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually, HttpCall

MANAGEMENT = "123456789012"
HUB = "arn:aws:events:eu-west-1:123456789012:event-bus/hub"
SERVICES = ("events.amazonaws.com", "states.amazonaws.com")
ONE_STATE = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


class Queue:
    """A queue that receives events."""

    def __init__(self, sqs: Any, name: str) -> None:
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        self._sqs = sqs
        self._url = sqs.create_queue(
            QueueName=name, Attributes=attributes if name.endswith(".fifo") else {}
        )["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.arn = answer["Attributes"]["QueueArn"]

    def messages(self) -> list[dict[str, Any]]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def size(self) -> int:
        """How many messages wait; receiving some of a FIFO group would hold back the rest."""
        name = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def bodies(self) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages()]


MakeQueue = Callable[..., Queue]


@pytest.fixture
def queue(aws: Aws) -> MakeQueue:
    def make(name: str = "events", **place: str) -> Queue:
        return Queue(aws("sqs", **place), name)

    return make


def rule(
    events: Any,
    *targets: dict[str, Any],
    name: str = "rule",
    bus: str = "default",
    pattern: dict[str, Any] | None = None,
) -> None:
    events.put_rule(
        Name=name, EventBusName=bus, EventPattern=json.dumps(pattern or {"source": ["shop"]})
    )
    events.put_targets(
        Rule=name,
        EventBusName=bus,
        Targets=[{"Id": str(number)} | target for number, target in enumerate(targets)],
    )


def put(events: Any, detail: object = None, **fields: Any) -> dict[str, Any]:
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": json.dumps(detail or {})} | fields
    (answer,) = events.put_events(Entries=[entry])["Entries"]
    return dict(answer)


def role(
    aws: Aws, account: str | None = None, name: str = "events", trusted: object = SERVICES
) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
    made = aws("iam", "us-east-1", account).create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    return str(made["Role"]["Arn"])


def test_an_event_arrives_with_its_whole_envelope(
    aws: Aws, member: str, queue: MakeQueue, eventually: Eventually
) -> None:
    events = aws("events", account=member)
    received = queue(account=member)
    rule(events, {"Arn": received.arn})
    event_id = put(events, {"item": "tea"}, Resources=["arn:shop"])["EventId"]

    (event,) = eventually(received.bodies)
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": event_id,
        "detail-type": "Sold",
        "source": "shop",
        "account": member,
        "region": "eu-west-1",
        "resources": ["arn:shop"],
        "detail": {"item": "tea"},
    }


def test_events_arrive_in_the_order_they_were_put(
    aws: Aws, queue: MakeQueue, eventually: Eventually
) -> None:
    received = queue("events.fifo")
    rule(aws("events"), {"Arn": received.arn, "SqsParameters": {"MessageGroupId": "shop"}})
    aws("events").put_events(
        Entries=[
            {"Source": "shop", "DetailType": "Sold", "Detail": json.dumps({"number": number})}
            for number in range(10)
        ]
    )
    eventually(lambda: received.size() == 10)
    messages = received.messages()
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"shop"}
    numbers = [json.loads(message["Body"])["detail"]["number"] for message in messages]
    assert numbers == list(range(10))


def test_a_disabled_rule_and_one_that_does_not_match_get_nothing(
    aws: Aws, queue: MakeQueue, eventually: Eventually
) -> None:
    events, received, disabled = aws("events"), queue(), queue("disabled")
    rule(events, {"Arn": disabled.arn}, name="disabled")
    rule(events, {"Arn": disabled.arn}, name="other", pattern={"source": ["office"]})
    rule(events, {"Arn": received.arn})
    events.disable_rule(Name="disabled")
    put(events)
    eventually(received.bodies)
    assert disabled.bodies() == []

    events.enable_rule(Name="disabled")
    put(events)
    assert len(eventually(disabled.bodies)) == 1


def test_a_deleted_rule_gets_nothing(aws: Aws, queue: MakeQueue, eventually: Eventually) -> None:
    events, received, deleted = aws("events"), queue(), queue("deleted")
    rule(events, {"Arn": deleted.arn}, name="deleted")
    rule(events, {"Arn": received.arn}, name="kept")
    events.remove_targets(Rule="deleted", Ids=["0"])
    events.delete_rule(Name="deleted")
    put(events)
    eventually(received.bodies)
    assert deleted.bodies() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Source": "aws.glue"}, "NotAuthorizedForSourceException"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"EventBusName": "nowhere"}, "ResourceNotFoundException"),
        ({"EventBusName": HUB.replace("eu-west-1", "us-east-1")}, "InvalidArgument"),
    ],
)
def test_an_entry_is_refused_on_its_own(aws: Aws, fields: dict[str, str], code: str) -> None:
    good = {"Source": "shop", "DetailType": "Sold", "Detail": "{}"}
    answer = aws("events").put_events(Entries=[good | fields, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert "EventId" in answer["Entries"][1]


def test_more_than_10_entries_are_refused(aws: Aws) -> None:
    entry = {"Source": "shop", "DetailType": "Sold", "Detail": "{}"}
    with pytest.raises(ClientError, match="ValidationException"):
        aws("events").put_events(Entries=[entry] * 11)


def test_a_bad_pattern_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as refused:
        aws("events").put_rule(Name="bad", EventPattern='{"source": "shop"}')
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"


def test_a_pattern_can_be_tested(aws: Aws) -> None:
    event = {
        "id": "1",
        "account": MANAGEMENT,
        "source": "shop",
        "time": "2026-11-20T09:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail-type": "Sold",
    }
    events = aws("events")
    results = [
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]
        for pattern in ('{"source": ["shop"]}', '{"source": ["office"]}')
    ]
    assert results == [True, False]
    with pytest.raises(ClientError, match="ValidationException"):
        events.test_event_pattern(EventPattern='{"source": ["shop"]}', Event="{}")


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


@pytest.fixture
def hub(aws: Aws, queue: MakeQueue) -> Queue:
    """The queue of a bus `hub` in the management account."""
    aws("events").create_event_bus(Name="hub")
    received = queue("hub")
    rule(aws("events"), {"Arn": received.arn}, name="collect", bus="hub")
    return received


def let_in(aws: Aws, condition: dict[str, Any] | None = None, principal: object = "*") -> None:
    statement = {
        "Sid": "members",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "events:PutEvents",
        "Resource": HUB,
    }
    if condition:
        statement["Condition"] = condition
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    aws("events").put_permission(EventBusName="hub", Policy=json.dumps(policy))


def of_this_organization(aws: Aws) -> dict[str, Any]:
    found = aws("organizations", "us-east-1").describe_organization()["Organization"]["Id"]
    return {"StringEquals": {"aws:PrincipalOrgID": found}}


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_member_forwards_to_the_hub_from_any_region(
    aws: Aws, member: str, hub: Queue, eventually: Eventually, region: str
) -> None:
    let_in(aws, of_this_organization(aws))
    events = aws("events", region, member)
    rule(events, {"Arn": HUB, "RoleArn": role(aws, member)})
    put(events, {"item": "tea"})
    (event,) = eventually(hub.bodies)
    assert (event["account"], event["region"]) == (member, region)
    assert event["detail"] == {"item": "tea"}


@pytest.mark.parametrize(
    "condition", [None, {"StringEquals": {"aws:PrincipalOrgID": "o-somebodyelse"}}]
)
def test_a_bus_that_does_not_let_a_member_in_refuses_it(
    aws: Aws,
    member: str,
    hub: Queue,
    queue: MakeQueue,
    eventually: Eventually,
    condition: dict[str, Any] | None,
) -> None:
    if condition:
        let_in(aws, condition)
    events, dead = aws("events", account=member), queue("dead", account=member)
    target = {"Arn": HUB, "RoleArn": role(aws, member), "DeadLetterConfig": {"Arn": dead.arn}}
    rule(events, target)
    put(events)
    (message,) = eventually(dead.messages)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert put(events, EventBusName=HUB)["ErrorCode"] == "AccessDeniedException"
    assert hub.messages() == []


def test_an_account_that_is_named_puts_directly(
    aws: Aws, member: str, hub: Queue, eventually: Eventually
) -> None:
    aws("events").put_permission(
        EventBusName="hub",
        Action="events:PutEvents",
        Principal=member,
        StatementId="member",
    )
    assert "EventId" in put(aws("events", account=member), EventBusName=HUB)
    assert eventually(hub.bodies)[0]["account"] == member


@pytest.mark.usefixtures("hub")
def test_two_statements_for_everybody_stand_side_by_side(aws: Aws) -> None:
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID"}
    for name in ("first", "second"):
        aws("events").put_permission(
            EventBusName="hub",
            Action="events:PutEvents",
            Principal="*",
            StatementId=name,
            Condition=condition | {"Value": f"o-{name}"},
        )
    policy = json.loads(aws("events").describe_event_bus(Name="hub")["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["first", "second"]


@pytest.mark.slow
def test_an_event_is_forwarded_only_once(
    aws: Aws, member: str, hub: Queue, queue: MakeQueue, eventually: Eventually
) -> None:
    let_in(aws, principal={"AWS": member})
    aws("events").create_event_bus(Name="third")
    third = queue("third")
    rule(aws("events"), {"Arn": third.arn}, name="third", bus="third")
    rule(aws("events"), {"Arn": HUB.replace("hub", "third")}, name="onward", bus="hub")
    rule(aws("events", account=member), {"Arn": HUB, "RoleArn": role(aws, member)})
    put(aws("events", account=member), {"from": "member"})
    eventually(hub.bodies)
    put(aws("events"), {"from": "hub"}, EventBusName="hub")
    assert [event["detail"]["from"] for event in eventually(third.bodies)] == ["hub"]


def test_a_recorded_event_is_put_as_it_is(
    aws: Aws, member: str, queue: MakeQueue, http: HttpCall, eventually: Eventually
) -> None:
    received = queue(account=member)
    rule(
        aws("events", account=member),
        {"Arn": received.arn},
        pattern={"source": ["aws.glue"], "detail": {"errorCode": [{"exists": False}]}},
    )
    recorded = {
        "version": "0",
        "id": "5b0c1a52-31f0-4d0e-9c67-2a6d1f0c9b11",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.glue",
        "account": member,
        "time": "2024-06-03T09:14:27Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"eventName": "CreateSession"},
    }
    assert http("POST", "/localaws/events", recorded) == {"EventId": recorded["id"]}
    assert eventually(received.bodies) == [recorded]
