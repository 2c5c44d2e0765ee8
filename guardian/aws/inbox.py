"""The hub's queue of outcomes."""

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from guardian.aws.clients import Answer, Clients
from guardian.errors import Unavailable
from guardian.ports import Message

BATCH = 10
LONGEST_WAIT = 20
ATTEMPTS = 3


class AwsInbox:
    """An SQS queue. Whatever is not acknowledged comes again when its visibility timeout is over."""

    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url

    def receive(self, wait: timedelta) -> tuple[Message, ...]:
        """Up to ten messages, after waiting at most `wait`, itself at most 20 seconds, for the first."""
        answer = self._clients.call(
            self._clients.hub,
            "sqs",
            "ReceiveMessage",
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=BATCH,
            MessageSystemAttributeNames=["SentTimestamp"],
            WaitTimeSeconds=min(math.ceil(wait.total_seconds()), LONGEST_WAIT),
        )
        return tuple(
            Message(found["MessageId"], found["Body"], found["ReceiptHandle"], _sent(found))
            for found in answer.get("Messages", ())
        )

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Delete messages. Raises Unavailable when the queue keeps some: they come again, which is harmless."""
        left = tuple(messages)
        for _ in range(ATTEMPTS):
            left = tuple(message for chunk in _chunks(left) for message in self._delete(chunk))
            if not left:
                return
        raise Unavailable(f"sqs:DeleteMessageBatch: {len(left)} messages were not deleted")

    def _delete(self, chunk: Sequence[Message]) -> Iterator[Message]:
        """Delete at most ten; answer those worth another attempt."""
        answer = self._clients.call(
            self._clients.hub,
            "sqs",
            "DeleteMessageBatch",
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message.receipt}
                for number, message in enumerate(chunk)
            ],
        )
        for failure in answer.get("Failed", ()):
            # Our fault means a receipt that is too old: no attempt mends that, and the message comes again.
            if not failure["SenderFault"]:
                yield chunk[int(failure["Id"])]


def _sent(found: Answer) -> datetime:
    milliseconds = int(found["Attributes"]["SentTimestamp"])
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _chunks(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    left = iter(messages)
    while chunk := tuple(islice(left, BATCH)):
        yield chunk
