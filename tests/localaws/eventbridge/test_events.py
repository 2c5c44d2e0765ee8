"""EventBridge: which events are taken, and which of them a rule lets through."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually, HttpCall
from tests.localaws.eventbridge.conftest import HUB, MANAGEMENT, MakeQueue, put, rule


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
