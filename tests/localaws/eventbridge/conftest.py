"""Queues that receive events, rules that send them there, and who is trusted to."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.localaws.conftest import Aws

MANAGEMENT = "123456789012"
HUB = "arn:aws:events:eu-west-1:123456789012:event-bus/hub"
SERVICES = ("events.amazonaws.com", "states.amazonaws.com")


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
