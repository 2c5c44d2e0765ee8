"""Events that go from bus to bus, and who is let in."""

import json
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.eventbridge.conftest import HUB, MakeQueue, Queue, put, role, rule


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
