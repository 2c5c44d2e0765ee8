"""SNS: what is published reaches every queue that subscribed, whoever owns it. SQS keeps its queues' policies."""

import json
from functools import partial
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually


def queue(sqs: Any, name: str = "inbox") -> tuple[str, str]:
    """Create a queue; answers its URL and ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, attributes["Attributes"]["QueueArn"]


def received(sqs: Any, url: str) -> list[str]:
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_a_topic_reaches_a_queue_of_another_account(
    aws: Aws, member: str, eventually: Eventually, region: str
) -> None:
    topics = aws("sns", account=member)
    topic = topics.create_topic(Name="stops")["TopicArn"]
    inboxes = aws("sqs", region)
    url, arn = queue(inboxes)
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    topics.publish(TopicArn=topic, Message="stopped", Subject="a session")

    (body,) = eventually(lambda: received(inboxes, url))
    notification = json.loads(body)
    assert (notification["Type"], notification["TopicArn"]) == ("Notification", topic)
    assert (notification["Message"], notification["Subject"]) == ("stopped", "a session")


def test_a_queue_that_is_gone_harms_no_other(aws: Aws, eventually: Eventually) -> None:
    topics, queues = aws("sns"), aws("sqs")
    topic = topics.create_topic(Name="stops")["TopicArn"]
    for name in ("gone", "inbox"):
        _, arn = queue(queues, name)
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    queues.delete_queue(QueueUrl=queues.get_queue_url(QueueName="gone")["QueueUrl"])
    topics.publish(TopicArn=topic, Message="stopped")

    url = queues.get_queue_url(QueueName="inbox")["QueueUrl"]
    (body,) = eventually(lambda: received(queues, url))
    assert json.loads(body)["Message"] == "stopped"


def test_events_fan_out_over_a_topic_as_they_are(
    aws: Aws, member: str, eventually: Eventually
) -> None:
    events, topics = aws("events", account=member), aws("sns", account=member)
    topic = topics.create_topic(Name="stops")["TopicArn"]
    inboxes = {account: aws("sqs", account=account) for account in (member, None)}
    urls = {}
    for account, inbox in inboxes.items():
        urls[account], arn = queue(inbox)
        topics.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
        )
    events.put_rule(Name="stops", EventPattern=json.dumps({"source": ["guardian"]}))
    events.put_targets(Rule="stops", Targets=[{"Id": "topic", "Arn": topic}])
    entry = {"Source": "guardian", "DetailType": "Stopped", "Detail": '{"id": "s-1"}'}
    events.put_events(Entries=[entry])

    for account, inbox in inboxes.items():
        (body,) = eventually(partial(received, inbox, urls[account]))
        assert json.loads(body)["detail"] == {"id": "s-1"}


def test_a_queue_keeps_its_policy_when_something_else_is_set(aws: Aws) -> None:
    sqs = aws("sqs")
    url, arn = queue(sqs, "with-a-policy")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Id": "any", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(told["Policy"])["Statement"] == [statement]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
