"""One table of DynamoDB, with the keys `pk` and `sk`. All writes are transactions."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event

from botocore.exceptions import ClientError

from guardian.aws.clients import Answer, Clients
from guardian.aws.expressions import as_item, as_key, as_operation, from_item
from guardian.errors import Refused, Unavailable
from guardian.ports.table import Item, Key, Unmet, Write

CANCELED = "TransactionCanceledException"
UNMET = "ConditionalCheckFailed"
LATER = frozenset(
    {"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
)
"""Reasons that may be gone in a moment; botocore does not try again for them."""
ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE = 9, 0.05, 1.6

Pause = Callable[[float], object]


class AwsTable:
    """A table in the hub's account and region. `hasty` are the clients that wait for no answer for long."""

    def __init__(
        self, clients: Clients, hasty: Clients, name: str, pause: Pause | None = None
    ) -> None:
        self._clients = clients
        self._hasty = hasty
        self._name = name
        self._pause = pause or Event().wait

    @property
    def name(self) -> str:
        return self._name

    def hasty(self) -> "AwsTable":
        return AwsTable(self._hasty, self._hasty, self._name, self._pause)

    def get(self, key: Key) -> Item | None:
        found = self._call("GetItem", Key=as_key(key), ConsistentRead=True).get("Item")
        return from_item(found) if found else None

    def query(self, pk: str, since: str = "", until: str = "") -> Iterator[Item]:
        condition, values = "pk = :pk", {":pk": pk}
        if until:
            condition += " AND sk BETWEEN :since AND :until"
            # A text that is compared with a key may not be empty; none sorts before a space.
            values |= {":since": since or " ", ":until": until}
        return self._pages(
            "Query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=as_item(values),
        )

    def scan(self) -> Iterator[Item]:
        return self._pages("Scan")

    def write(self, writes: Sequence[Write]) -> None:
        operations = [as_operation(write, self._name) for write in writes]
        reasons = self._transact(operations)
        for attempt in range(ATTEMPTS):
            if not reasons:
                return
            self._pause(_pause_after(attempt))
            reasons = self._transact(operations)
        if reasons:
            said = ", ".join(reasons)
            raise Unavailable(f"dynamodb:TransactWriteItems of {self._name}: {said}")

    def _transact(self, operations: Sequence[Mapping[str, object]]) -> Sequence[str]:
        """Write; answer why that may work in a moment, nothing where it is done."""
        try:
            self._clients.call(
                self._clients.hub, "dynamodb", "TransactWriteItems", TransactItems=operations
            )
        except Refused as error:
            reasons = reasons_of(error)
            if unmet := frozenset(n for n, reason in enumerate(reasons) if reason == UNMET):
                raise Unmet(unmet) from error
            if not reasons or set(reasons) - LATER:
                raise
            return sorted(set(reasons) - {"None"})
        return ()

    def _pages(self, action: str, **arguments: object) -> Iterator[Item]:
        following: dict[str, object] = {}
        while True:
            page = self._call(action, ConsistentRead=True, **arguments, **following)
            yield from map(from_item, page.get("Items", ()))
            if not page.get("LastEvaluatedKey"):
                return
            following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, action: str, **arguments: object) -> Answer:
        hub = self._clients.hub
        return self._clients.call(hub, "dynamodb", action, TableName=self._name, **arguments)


def reasons_of(error: Refused) -> Sequence[str]:
    """Why a transaction was cancelled, by the place of each write, `None` for one that was no reason."""
    cause = error.__cause__
    if (
        not isinstance(cause, ClientError)
        or cause.response.get("Error", {}).get("Code") != CANCELED
    ):
        return ()
    response: Mapping[str, object] = cause.response
    listed = response.get("CancellationReasons")
    if isinstance(listed, list) and listed:
        return [str(reason.get("Code", "None")) for reason in listed]
    # The message ends in them too: "… specific reasons [None, TransactionConflict]".
    _, _, rest = str(cause.response["Error"].get("Message", "")).rpartition("[")
    return [reason.strip() for reason in rest.partition("]")[0].split(",") if reason.strip()]


def _pause_after(attempt: int) -> float:
    """Seconds, by chance: two who ran into each other do not meet again at once."""
    most: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
    return most * random.uniform(0.5, 1)  # noqa: S311 - no secret
