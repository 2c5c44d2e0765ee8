"""DynamoDB: calls that do not run into each other, and transactions that cost as much as their items.

moto has no locks, copies the whole table for every item of a transaction, and takes a transaction that is sent again,
because its answer was lost, for a new one.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from threading import RLock
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from guardian.localaws.world import World

MOST_ITEMS, MOST_BYTES = 100, 4 * 1024 * 1024
KEPT_ANSWERS = 10_000

Answers = dict[tuple[str, str], ActionResult]
"""Of transactions, by the account and the token that they were sent with."""


def install(world: World) -> None:
    """Let one call in at a time, and put these transactions in place of moto's."""
    answers: Answers = {}
    DynamoHandler.call_action = _alone(DynamoHandler.call_action)
    DynamoHandler.transact_write_items = _once(DynamoHandler.transact_write_items, answers)
    DynamoDBBackend.transact_write_items = _transact
    world.on_reset(answers.clear)


def _alone(call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    lock = RLock()

    @wraps(call)
    def alone(handler: Any) -> Any:
        with lock:
            return call(handler)

    return alone


def _once(write: Callable[[Any], ActionResult], answers: Answers) -> Callable[[Any], ActionResult]:
    @wraps(write)
    def once(handler: Any) -> ActionResult:
        sent = handler.current_account, handler.body.get("ClientRequestToken", "")
        if sent not in answers:
            answer = write(handler)
            if sent[1]:
                answers[sent] = answer
            while len(answers) > KEPT_ANSWERS:
                del answers[next(iter(answers))]
            return answer
        return answers[sent]

    return once


def _transact(backend: Any, transact_items: Sequence[Mapping[str, Any]]) -> None:
    """Look at every condition first; write only where all of them are met."""
    operations = [_operation(item) for item in transact_items]
    places = [_place(backend, op) for _, op in operations]
    _within_limits(operations, places)
    found = [backend.get_item(table, key) for table, key in places]
    reasons = [_reason(op, item) for (_, op), item in zip(operations, found, strict=True)]
    if any(code for code, *_ in reasons):
        raise TransactionCanceledException(reasons)
    before = deepcopy(found)
    try:
        for (kind, op), (table, key) in zip(operations, places, strict=True):
            _apply(backend, kind, op, table, key)
    except MockValidationException:
        for (table, key), item in zip(places, before, strict=True):
            _restore(backend, table, key, item)
        raise


def _operation(item: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if len(item) != 1:
        raise TransactWriteSingleOpException
    return next(iter(item.items()))


def _place(backend: Any, op: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The table and the key of the item that an operation is about."""
    table = backend.get_table(op["TableName"])
    named = op.get("Key") or op["Item"]
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    return op["TableName"], {name: named[name] for name in names if name in named}


def _within_limits(
    operations: Sequence[tuple[str, Mapping[str, Any]]],
    places: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    if len(operations) > MOST_ITEMS:
        raise TooManyTransactionsException
    if len({repr(place) for place in places}) < len(places):
        raise MultipleTransactionsException
    if sum(len(repr(op.get("Item", ""))) for _, op in operations) > MOST_BYTES:
        raise MockValidationException("Transaction request size is limited to 4 MB")


def _reason(op: Mapping[str, Any], item: Any) -> tuple[str | None, str | None, Any]:
    """Why this operation cancels the transaction; no code where it does not."""
    names, values = op.get("ExpressionAttributeNames"), op.get("ExpressionAttributeValues")
    condition = get_filter_expression(op.get("ConditionExpression"), names, values)
    if condition.expr(item):
        return None, None, None
    wanted = op.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and item
    shown = item.to_json()["Attributes"] if wanted else None
    return "ConditionalCheckFailed", "The conditional request failed", shown


def _apply(
    backend: Any, kind: str, op: Mapping[str, Any], table: str, key: Mapping[str, Any]
) -> None:
    if kind == "Put":
        backend.put_item(table, op["Item"])
    elif kind == "Delete":
        backend.delete_item(table, key)
    elif kind == "Update":
        backend.update_item(
            table,
            key,
            update_expression=op["UpdateExpression"],
            expression_attribute_names=op.get("ExpressionAttributeNames"),
            expression_attribute_values=op.get("ExpressionAttributeValues"),
        )


def _restore(backend: Any, table: str, key: Mapping[str, Any], item: Any) -> None:
    backend.delete_item(table, key)
    if item:
        backend.put_item(table, item.to_json()["Attributes"])
