"""Real costs: reading Cost Explorer's answers, asking for no more than is needed, and keeping them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.costs import SERVICES, CostQuery, governed_query, months, own_query, services_of
from guardian.costs.answers import month_text, parse_page, read_month
from guardian.documents import Json
from guardian.errors import AccessDenied
from guardian.jobs.costs import REQUESTS, Payments, costs_once, week_once
from guardian.journal.sqlite import SqliteJournal
from guardian.kinds import all_kinds
from tests.examples import examples
from tests.unit.costing import (
    ANA,
    BEN,
    DECEMBER,
    JOB,
    NOVEMBER,
    SESSION,
    TODAY,
    answer,
    group,
    month,
    stops,
)


def test_a_page_tells_costs_by_day_account_and_operation() -> None:
    page = parse_page(answer({"2026-11-02": [group(), group(BEN, JOB, "-0.5")]}, "more"))
    assert [(c.day.day, c.account, c.what, c.usd) for c in page.costs] == [
        (2, ANA, SESSION, Decimal(2)),
        (2, BEN, JOB, Decimal("-0.5")),
    ]
    assert (page.token, page.unread) == ("more", 0)


@pytest.mark.parametrize(
    "bad",
    [
        group(usd="NaN"),
        group(usd="-Infinity"),
        group(usd="1e30"),
        group(usd="much"),
        group(usd=2.5),
        group(usd=None),
        group(unit="CNY"),
        group(unit=None),
        group(account="12"),
        group(account="\uff11" * 12),
        group(account=None),
        group(what=None),
        {"Keys": [ANA], "Metrics": {}},
        {"Keys": "111111111111"},
        {},
        None,
        7,
    ],
)
def test_an_entry_that_makes_no_sense_is_counted_and_left_out(bad: Any) -> None:
    page = parse_page(answer({"2026-11-02": [bad, group()]}))
    assert (len(page.costs), page.unread) == (1, 1)


def test_a_day_that_is_none_is_counted() -> None:
    assert parse_page(answer({"soon": [group()]})).unread == 1


jsons: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda j: st.lists(j, max_size=3) | st.dictionaries(st.text(max_size=9), j, max_size=3),
    max_leaves=9,
)


@examples(50)
@given(jsons)
def test_no_answer_crashes_the_reader(junk: Json) -> None:
    for shape in (junk, {"ResultsByTime": junk}, {"ResultsByTime": [junk]}):
        parse_page(shape)
    parse_page({"ResultsByTime": [{"TimePeriod": {"Start": "2026-11-01"}, "Groups": [junk]}]})


def test_what_the_journal_keeps_is_what_was_read() -> None:
    read = month((2, ANA, SESSION, "1.23"), (3, ANA, SESSION, "2"), (3, BEN, "", "0.0001"))
    kept = read_month(NOVEMBER, month_text(read))
    assert kept is not None
    assert set(kept.costs) == set(read.costs)
    assert (kept.read, kept.unread) == (TODAY, 0)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "",
        "null",
        "{",
        "7",
        "{}",
        '{"read": "x", "costs": {}}',
        '{"read": 1, "costs": []}',
        '{"read": "2026-11-01", "unread": 0, "costs": {"1": {"x": {"2026-11-01": "much"}}}}',
    ],
)
def test_a_kept_month_that_makes_no_sense_is_as_if_it_were_not_there(entry: str | None) -> None:
    assert read_month(NOVEMBER, entry) is None


def test_a_month_is_read_each_day_until_its_bill_is_final() -> None:
    def due(read: date, today: date) -> bool:
        return month(read=read).is_due(today)

    assert not due(TODAY, TODAY)
    assert due(TODAY, TODAY + timedelta(days=1))
    assert due(date(2026, 12, 10), date(2026, 12, 11))
    assert not due(date(2026, 12, 11), date(2027, 6, 1))


def test_months_are_whole_and_the_one_that_begins_today_is_not_asked_for() -> None:
    assert months(date(2026, 10, 31), date(2026, 12, 1)) == (date(2026, 10, 1), NOVEMBER)
    assert months(date(2026, 12, 31), date(2027, 1, 2)) == (DECEMBER, date(2027, 1, 1))


def test_ec2_is_asked_for_only_where_its_instances_are_governed() -> None:
    default = [kind for kind in all_kinds().values() if kind.default]
    without = services_of(default)
    assert without == (
        "AWS Glue",
        "Amazon Athena",
        "Amazon Elastic MapReduce",
        "Amazon SageMaker",
    )
    ec2 = {"Amazon Elastic Compute Cloud - Compute"}
    assert set(services_of(all_kinds().values())) == {*without, *ec2}


def test_every_kind_is_of_a_service_whose_costs_are_known() -> None:
    assert {kind.stop.service for kind in all_kinds().values()} == SERVICES.keys()


class Bill:
    """A Cost Explorer whose answers are at hand; counts and keeps what it was asked."""

    def __init__(self, *pages: Any) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[date, date, str]] = []

    def page(self, query: CostQuery, token: str) -> Json:
        self.asked.append((query.since, query.until, token))
        page: Json = self.pages.pop(0) if self.pages else answer({})
        return page


@pytest.fixture
def book(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite", lambda: datetime(2026, 11, 21, tzinfo=UTC))


QUERY = governed_query(["AWS Glue"])


def test_one_request_asks_for_all_that_is_not_known(book: SqliteJournal) -> None:
    bill = Bill(answer({"2026-09-30": [group()], "2026-11-02": [group()]}))
    known = costs_once(bill, QUERY, date(2026, 9, 20), Payments(book, TODAY))
    assert bill.asked == [(date(2026, 9, 1), TODAY, "")]
    assert [m.first.month for m in known.months] == [9, 10, 11]
    assert sum(cost.usd for cost in known.costs) == 4


def test_closed_months_are_kept_and_open_ones_read_again(book: SqliteJournal) -> None:
    costs_once(Bill(), QUERY, date(2026, 8, 1), Payments(book, TODAY))
    tomorrow = Bill(answer({"2026-11-20": [group()]}))
    known = costs_once(tomorrow, QUERY, date(2026, 8, 1), Payments(book, date(2026, 11, 22)))
    assert tomorrow.asked == [(NOVEMBER, date(2026, 11, 22), "")]
    assert sum(cost.usd for cost in known.costs) == 2


def test_another_filter_is_another_question(book: SqliteJournal) -> None:
    payments = Payments(book, TODAY)
    costs_once(Bill(), QUERY, NOVEMBER, payments)
    for other in (governed_query(["AWS Glue", "Amazon Athena"]), own_query()):
        bill = Bill()
        costs_once(bill, other, NOVEMBER, payments)
        assert bill.asked


def test_without_requests_left_the_journal_answers_and_says_how_old_it_is(
    book: SqliteJournal,
) -> None:
    costs_once(Bill(answer({"2026-11-02": [group()]})), QUERY, NOVEMBER, Payments(book, TODAY))
    poor = Bill()
    later = Payments(book, TODAY + timedelta(days=3), most=0)
    known = costs_once(poor, QUERY, date(2026, 10, 1), later)
    assert poor.asked == []
    assert known.read == TODAY
    assert known.missing == (date(2026, 10, 1),)
    assert sum(cost.usd for cost in known.costs) == 2


def test_half_an_answer_is_not_taken_for_all_of_it(book: SqliteJournal) -> None:
    endless = Bill(*(answer({"2026-11-02": [group()]}, token=f"t{n}") for n in range(99)))
    known = costs_once(endless, QUERY, NOVEMBER, Payments(book, TODAY, most=3))
    assert [token for _, _, token in endless.asked] == ["", "t0", "t1"]
    assert known.months == ()


def test_a_request_is_counted_before_it_is_made(book: SqliteJournal) -> None:
    class Down(Bill):
        def page(self, query: CostQuery, token: str) -> Json:
            super().page(query, token)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        costs_once(Down(), QUERY, NOVEMBER, Payments(book, TODAY))
    assert Payments(book, TODAY).made == 1


@pytest.mark.parametrize("entry", ["null", "[]", '{"day": "2026-11-21"}', '{"count": "many"}'])
def test_a_count_of_requests_that_makes_no_sense_is_none(book: SqliteJournal, entry: str) -> None:
    book.remember(REQUESTS, entry)
    assert Payments(book, TODAY).made == 0


def test_a_digest_asks_for_two_weeks_and_goes_on_without_them(book: SqliteJournal) -> None:
    class Denying(Bill):
        def page(self, query: CostQuery, token: str) -> Json:
            super().page(query, token)
            raise AccessDenied("ce:GetCostAndUsage")

    payments = Payments(book, TODAY)
    assert week_once(Denying(), QUERY, stops(), payments) == ()
    bill = Bill(answer({"2026-11-20": [group()]}))
    spent, _ = week_once(bill, QUERY, stops(), payments)
    assert "$2.00" in spent
    assert bill.asked == [(NOVEMBER, TODAY, "")]
