"""Digests as mail, through SNS of a local AWS."""

import json
from dataclasses import replace
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.digest import Digest
from guardian.errors import Refused
from tests.contract.conftest import HOME, Connect
from tests.localaws.conftest import Aws as Boto
from tests.unit.digests import organization, quiet
from tests.unit.test_digest import EVERYBODY


@pytest.fixture
def hub(connected: Connect) -> Aws:
    return connected()


def inbox_of(aws: Boto, region: str) -> tuple[str, str]:
    """A topic, and the queue that stands for somebody's mailbox."""
    topic = str(aws("sns", region=region).create_topic(Name="costs")["TopicArn"])
    queue = str(aws("sqs", region=region).create_queue(QueueName="mailbox")["QueueUrl"])
    arn = f"arn:aws:sqs:{region}:{topic.split(':')[4]}:mailbox"
    aws("sns", region=region).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, queue


def mails(aws: Boto, queue: str, region: str) -> list[dict[str, Any]]:
    found = aws("sqs", region=region).receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def to(topic: str, digest: Digest) -> Digest:
    return replace(digest, channel=topic)


@pytest.mark.parametrize("region", [HOME, "us-east-1"])
def test_a_digest_is_a_mail_in_the_topics_own_region(hub: Aws, aws: Boto, region: str) -> None:
    topic, queue = inbox_of(aws, region)
    reference = hub.mail.post(to(topic, organization()), "key-1")
    (mail,) = mails(aws, queue, region)
    assert mail["MessageId"] == reference
    assert mail["Subject"].startswith("guardian: 28 forgotten sessions stopped")
    assert "By owner, stopped:\n  ben@example.com" in mail["Message"]
    assert mail["MessageAttributes"]["guardian.key"]["Value"] == "key-1"


def test_a_quiet_digest_is_two_lines(hub: Aws, aws: Boto) -> None:
    topic, queue = inbox_of(aws, HOME)
    hub.mail.post(to(topic, quiet(EVERYBODY)), "key-1")
    (mail,) = mails(aws, queue, HOME)
    assert mail["Message"].splitlines() == [
        "All quiet: nothing had to be stopped",
        "16 Nov 09:00 to 23 Nov 09:00 UTC",
    ]


def test_what_is_said_to_have_been_posted_is_not_posted_again(hub: Aws, aws: Boto) -> None:
    topic, queue = inbox_of(aws, HOME)
    assert hub.mail.post(to(topic, organization()), "key-1", "earlier") == "earlier"
    assert mails(aws, queue, HOME) == []


def test_nobody_knows_what_was_published(hub: Aws) -> None:
    assert hub.mail.find("arn:aws:sns:eu-west-1:123456789012:costs", "key-1") is None
    hub.mail.check()


def test_a_topic_that_is_not_there_is_told(hub: Aws) -> None:
    with pytest.raises(Refused, match="there is no such topic"):
        hub.mail.post(to("arn:aws:sns:eu-west-1:123456789012:nowhere", organization()), "key-1")
