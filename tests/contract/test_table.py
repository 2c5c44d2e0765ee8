"""The adapter of a DynamoDB table: its conditions, its pages, and what AWS may answer."""

from collections.abc import Callable
from typing import Any

import pytest

from guardian.errors import AccessDenied, NotFound, Refused, Unavailable
from guardian.journal import Tables
from guardian.ports import Table
from guardian.ports.table import (
    ABSENT,
    PRESENT,
    Change,
    Check,
    Delete,
    If,
    Key,
    Put,
    Unmet,
    Write,
    item,
)
from tests.contract.conftest import ask_for_fault
from tests.contract.journals import make_table
from tests.localaws.conftest import HttpCall

A, B = Key("a", "1"), Key("b", "1")
TRANSACT = "TransactWriteItems"


@pytest.fixture
def table(endpoint: str, tables: Tables) -> Table:
    return tables(make_table(endpoint).removeprefix("dynamodb://"))


@pytest.fixture
def faulty(http: HttpCall) -> Any:
    """Asks for faults of DynamoDB, which are over after the test."""

    def ask(**fault: Any) -> None:
        ask_for_fault(http, "dynamodb", **fault)

    yield ask
    http("DELETE", "/localaws/faults")


Faulty = Callable[..., None]


def test_what_is_written_is_read(table: Table) -> None:
    table.write([Put(item(A, text="é\n", number=7, empty="")), Put(item(B))])
    assert table.get(A) == {"pk": "a", "sk": "1", "text": "é\n", "number": 7, "empty": ""}
    assert table.get(Key("a", "2")) is None
    table.write([Change(A, {"until": "x", "number": 8}, remove=("empty",)), Delete(B)])
    assert table.get(A) == {"pk": "a", "sk": "1", "text": "é\n", "number": 8, "until": "x"}
    assert table.get(B) is None


def test_a_lone_surrogate_is_written_as_a_question_mark(table: Table) -> None:
    table.write([Put(item(A, text="a\ud800b"))])
    assert (table.get(A) or {})["text"] == "a?b"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (ABSENT, False),
        (PRESENT, True),
        (If("token", "=", 7), True),
        (If("token", "=", 8), False),
        (If("until", "<=", "b"), True),
        (If("until", "<", "b"), False),
        (If("until", "<>", ""), True),
        (If("none", "<=", "b"), False),
        (If("none", "<=", "b", or_absent=True), True),
        (If("until", "<", "a", or_absent=True), False),
        (If("none", "absent"), True),
        (If("none", "present"), False),
    ],
)
def test_a_write_is_made_where_its_condition_holds(
    table: Table, condition: If, *, holds: bool
) -> None:
    table.write([Put(item(A, token=7, until="b"))])
    writes: list[Write] = [Put(item(B)), Check(A, (PRESENT, condition))]
    if holds:
        table.write(writes)
    else:
        with pytest.raises(Unmet) as refused:
            table.write(writes)
        assert refused.value.writes == {1}
    assert bool(table.get(B)) is holds


def test_items_come_in_the_order_of_their_second_key(table: Table) -> None:
    table.write([Put(item(Key("a", f"{n}"))) for n in (3, 1, 2, 5, 4)])
    assert [each["sk"] for each in table.query("a")] == ["1", "2", "3", "4", "5"]
    assert [each["sk"] for each in table.query("a", "2", "4")] == ["2", "3", "4"]
    assert [each["sk"] for each in table.query("a", until="2")] == ["1", "2"]
    assert list(table.query("b")) == []


def test_more_than_a_page_is_read(table: Table) -> None:
    for number in range(5):
        table.write([Put(item(Key("a", f"{number}"), entry="x" * 300_000))])
    assert len(list(table.query("a"))) == len(list(table.scan())) == 5


def test_a_table_that_is_not_there_is_not_found(tables: Tables) -> None:
    with pytest.raises(NotFound):
        tables("none-such").get(A)
    with pytest.raises(NotFound):
        tables("none-such").write([Delete(A)])


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "ThrottlingException"},
        {"error": "ProvisionedThroughputExceededException"},
        {"error": "InternalServerError", "status": 500},
        {
            "error": "TransactionCanceledException",
            "message": "Transaction cancelled, please refer cancellation reasons for specific reasons"
            " [None, TransactionConflict]",
        },
        {
            "error": "TransactionCanceledException",
            "message": "Transaction cancelled, please refer cancellation reasons for specific reasons"
            " [ThrottlingError, ProvisionedThroughputExceeded]",
        },
    ],
)
def test_what_may_work_later_is_tried_again(
    table: Table, faulty: Faulty, fault: dict[str, Any]
) -> None:
    faulty(operation=TRANSACT, **fault)
    table.write([Put(item(A)), Put(item(B))])
    assert table.get(A)


def test_a_write_whose_answer_was_lost_is_made_once(table: Table, faulty: Faulty) -> None:
    faulty(operation=TRANSACT, error="InternalServerError", status=500, lost=True)
    table.write([Put(item(A), (ABSENT,))])
    assert table.get(A)


def test_what_goes_on_failing_is_unavailable(
    table: Table, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_pause", lambda _: None)
    conflict = "Transaction cancelled [TransactionConflict]"
    faulty(operation=TRANSACT, error="TransactionCanceledException", message=conflict, times=1_000)
    with pytest.raises(Unavailable, match="TransactionConflict"):
        table.write([Put(item(A))])


def test_what_is_refused_is_refused_at_once(table: Table, faulty: Faulty) -> None:
    faulty(operation=TRANSACT, error="AccessDeniedException")
    with pytest.raises(AccessDenied):
        table.write([Put(item(A))])
    with pytest.raises(Refused, match="size"):
        table.write([Put(item(A, entry="x" * 410_000))])
    refusal = "Transaction cancelled [ValidationError, None]"
    faulty(operation=TRANSACT, error="TransactionCanceledException", message=refusal)
    with pytest.raises(Refused, match="ValidationError"):
        table.write([Put(item(A))])
