"""DynamoDB: transactions, their conditions and their limits, and calls at the same time."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws

TABLE = "journal"
ABSENT = "attribute_not_exists(pk)"


@pytest.fixture
def table(aws: Aws) -> Any:
    made = aws("dynamodb")
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    made.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return made


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "-"}}


def put(name: str, value: str = "", condition: str = "") -> Mapping[str, Any]:
    asked = {"ConditionExpression": condition} if condition else {}
    return {"Put": {"TableName": TABLE, "Item": {**key(name), "value": {"S": value}}, **asked}}


def write(table: Any, *operations: Mapping[str, Any], **more: Any) -> None:
    table.transact_write_items(TransactItems=operations, **more)


def values(table: Any) -> dict[str, str]:
    return {item["pk"]["S"]: item["value"]["S"] for item in table.scan(TableName=TABLE)["Items"]}


def test_a_transaction_is_all_or_nothing_and_says_which_condition_failed(table: Any) -> None:
    write(table, put("a", "old"))
    with pytest.raises(ClientError) as refused:
        write(table, put("b", "new"), put("a", "new", ABSENT))
    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    assert "[None, ConditionalCheckFailed]" in answer["Error"]["Message"]
    reasons = [reason["Code"] for reason in answer["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert values(table) == {"a": "old"}


def test_every_kind_of_operation_has_its_place_in_a_transaction(table: Any) -> None:
    write(table, put("gone", "old"), put("changed", "old"), put("looked at", "same"))
    names, new = {"#v": "value"}, {":v": {"S": "new"}}
    write(
        table,
        {"Delete": {"TableName": TABLE, "Key": key("gone")}},
        {
            "Update": {
                "TableName": TABLE,
                "Key": key("changed"),
                "UpdateExpression": "SET #v = :v",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": new,
            }
        },
        {
            "ConditionCheck": {
                "TableName": TABLE,
                "Key": key("looked at"),
                "ConditionExpression": "#v < :v OR attribute_not_exists(#v)",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": {":v": {"S": "t"}},
            }
        },
    )
    assert values(table) == {"changed": "new", "looked at": "same"}


def test_a_transaction_that_is_sent_again_is_made_once(table: Any) -> None:
    write(table, put("a", "first", ABSENT), ClientRequestToken="the same")
    write(table, put("a", "first", ABSENT), ClientRequestToken="the same")
    with pytest.raises(ClientError, match="TransactionCanceled"):
        write(table, put("a", "second", ABSENT), ClientRequestToken="another")


def test_what_cannot_be_written_leaves_all_as_it_was(table: Any) -> None:
    write(table, put("a", "old"))
    with pytest.raises(ClientError, match="size"):
        write(table, put("a", "new"), put("b", "x" * 410_000))
    assert values(table) == {"a": "old"}


def test_a_transaction_has_limits(table: Any) -> None:
    with pytest.raises(ClientError, match="100"):
        write(table, *(put(f"{n}") for n in range(101)))
    with pytest.raises(ClientError, match="4 MB"):
        write(table, *(put(f"{n}", "x" * 390_000) for n in range(11)))
    with pytest.raises(ClientError, match="multiple operations on one item"):
        write(table, put("a"), put("a"))
    with pytest.raises(ClientError, match="empty string"):
        write(table, put(""))


def test_of_many_who_write_at_once_one_is_first(table: Any) -> None:
    def attempt(number: int) -> bool:
        try:
            write(table, put("a", str(number), ABSENT))
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


def test_a_transaction_of_a_large_table_costs_no_more(table: Any) -> None:
    for start in range(0, 500, 100):
        write(table, *(put(f"{start + n}") for n in range(100)))
    assert len(values(table)) == 500
