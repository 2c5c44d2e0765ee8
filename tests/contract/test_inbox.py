from datetime import timedelta

import pytest

from guardian.aws.connect import Aws
from guardian.clock import system_now
from guardian.errors import NotFound
from guardian.ports import Message
from tests.contract.conftest import Connect
from tests.localaws.conftest import Aws as Boto

NO_WAIT = timedelta(0)


@pytest.fixture
def queue(aws: Boto) -> str:
    return str(aws("sqs").create_queue(QueueName="outcomes")["QueueUrl"])


@pytest.fixture
def hub(connected: Connect, queue: str) -> Aws:
    return connected(queue_url=queue)


def send(aws: Boto, queue: str, *bodies: str) -> None:
    for body in bodies:
        aws("sqs").send_message(QueueUrl=queue, MessageBody=body)


def drain(hub: Aws) -> list[Message]:
    received: list[Message] = []
    while found := hub.inbox.receive(NO_WAIT):
        received += found
    return received


def left(aws: Boto, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def test_messages_come_with_their_body_and_the_moment_they_were_sent(
    hub: Aws, queue: str, aws: Boto
) -> None:
    send(aws, queue, '{"detail": "é"}')
    (message,) = hub.inbox.receive(NO_WAIT)
    assert message.body == '{"detail": "é"}'
    assert abs(message.sent - system_now()) < timedelta(minutes=1)


def test_an_empty_queue_gives_nothing_after_the_wait(hub: Aws) -> None:
    assert hub.inbox.receive(NO_WAIT) == ()


@pytest.mark.slow
def test_what_is_acknowledged_is_gone_however_much_it_is(hub: Aws, queue: str, aws: Boto) -> None:
    send(aws, queue, *(str(number) for number in range(23)))
    received = drain(hub)
    assert sorted(int(message.body) for message in received) == list(range(23))
    hub.inbox.acknowledge(received)
    assert left(aws, queue) == 0


def test_what_is_not_acknowledged_stays(hub: Aws, queue: str, aws: Boto) -> None:
    send(aws, queue, "one", "two")
    first, *_ = drain(hub)
    hub.inbox.acknowledge([first])
    assert left(aws, queue) == 1


def test_nothing_to_acknowledge_is_no_call(connected: Connect) -> None:
    connected(queue_url="http://127.0.0.1:1/nowhere").inbox.acknowledge([])


def test_a_queue_that_is_not_there_is_not_found(connected: Connect, queue: str) -> None:
    with pytest.raises(NotFound):
        connected(queue_url=f"{queue}-of-another").inbox.receive(NO_WAIT)
