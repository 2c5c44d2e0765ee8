"""Real costs: reading Cost Explorer's answers, keeping them, and laying them beside what guardian did."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from guardian.costs import SERVICES, CostQuery, governed_query, months, own_query, services_of
from guardian.costs.answers import Month, month_text, parse_page, read_month
from guardian.costs.report import (
    Avoided,
    CostReport,
    OwnCosts,
    Stops,
    account_costs,
    dollars,
    own_costs,
    stops_of,
    week_lines,
)
from guardian.documents import Json
from guardian.errors import AccessDenied
from guardian.ids import AccountId, Region, Target
from guardian.jobs.costs import REQUESTS, Payments, costs_once, week_once
from guardian.journal.sqlite import SqliteJournal
from guardian.kinds import all_kinds
from guardian.outcome import By, Outcome, Result
from guardian.prices import load_prices
from guardian.terminal.costs import costs_document, print_costs
from tests.examples import examples

ANA, BEN = AccountId("111111111111"), AccountId("222222222222")
DUBLIN = Region("eu-west-1")
SESSION, JOB = "GlueInteractiveSession", "Jobrun"
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
TODAY = date(2026, 11, 21)
PRICES = load_prices()


def group(
    account: object = ANA, what: object = SESSION, usd: object = "2", unit: object = "USD"
) -> Any:
    return {"Keys": [account, what], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": unit}}}


def answer(days: Mapping[str, list[Any]], token: str = "") -> Any:
    results = [
        {"TimePeriod": {"Start": day, "End": "any"}, "Total": {}, "Groups": groups}
        for day, groups in days.items()
    ]
    return {"ResultsByTime": results, **({"NextPageToken": token} if token else {})}


def month(*costs: tuple[int, str, str, str], first: date = NOVEMBER, read: date = TODAY) -> Month:
    """A month with costs: day, account, operation, amount."""
    results: list[Any] = [
        {"TimePeriod": {"Start": f"{first:%Y-%m}-{day:02}"}, "Groups": [group(*cost)]}
        for day, *cost in costs
    ]
    page = parse_page({"ResultsByTime": results})
    return Month(first, read, page.costs)


def stopped(day: int, account: str = ANA, **changed: Any) -> Outcome:
    """A Glue session that was stopped: 5 DPUs, an hour before it had ended itself, so $2.20."""
    made = Outcome(
        result=Result.STOPPED,
        kind="glue-session",
        id=f"s{day}",
        target=Target(AccountId(account), DUBLIN),
        policy="sandbox",
        at=datetime(2026, 11, day, 12, tzinfo=UTC),
        by=By.EVENT,
        facts={"max_capacity": 5.0, "idle_timeout": 60},
    )
    return replace(made, **changed)


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


def stops(*outcomes: Outcome) -> Stops:
    return stops_of(outcomes, PRICES)


def test_an_account_has_a_before_and_an_after() -> None:
    read = month(*((day, ANA, SESSION, "10" if day < 11 else "1") for day in range(1, 21)))
    (ana,) = account_costs([read], stops(stopped(11), stopped(12)), NOVEMBER, TODAY)
    row = ana.operations[SESSION]
    assert ana.since == date(2026, 11, 11)
    assert (row.before.days, row.before.usd_per_day) == (10, Decimal(10))
    assert (row.after.days, row.after.usd_per_day) == (10, Decimal(1))
    assert ana.avoided == Avoided(Decimal("4.40"), 2)


def test_without_an_outcome_all_of_it_is_before() -> None:
    (ben,) = account_costs(
        [month((2, BEN, JOB, "3"))], stops(stopped(1)), date(2026, 11, 2), TODAY
    )
    assert ben.since is None
    assert (ben.whole.before.days, ben.whole.after.days) == (19, 0)
    assert ben.whole.after.usd_per_day is None


def test_days_that_nobody_asked_about_do_not_count() -> None:
    read = month((2, ANA, JOB, "3"), (12, ANA, JOB, "4"), read=date(2026, 11, 11))
    (ana,) = account_costs([read], stops(), date(2026, 10, 1), TODAY)
    assert (ana.whole.before.days, ana.whole.usd) == (10, Decimal(3))


def test_the_dearest_come_first_and_who_only_stopped_is_there_too() -> None:
    read = month((2, ANA, JOB, "3"), (2, ANA, SESSION, "5"), (3, BEN, JOB, "1"))
    carl = "333333333333"
    found = account_costs([read], stops(stopped(5, carl)), NOVEMBER, TODAY)
    assert [each.account for each in found] == [ANA, BEN, carl]
    assert list(found[0].operations) == [SESSION, JOB]


def test_a_stop_of_unknown_worth_is_not_worth_nothing() -> None:
    unknown = stopped(5, facts={})
    assert stops(unknown).within(ANA, NOVEMBER, TODAY).known is None
    both = stops(unknown, stopped(6)).within(ANA, NOVEMBER, TODAY)
    assert (both.known, both.unknown) == (Decimal("2.20"), 1)
    assert Avoided().known == 0


def test_guardians_own_cost_is_unknown_where_nothing_has_its_tag() -> None:
    assert own_costs([month()], stops(), NOVEMBER, TODAY).usd is None
    states = month((2, ANA, "AWS Step Functions", "0.02"), (3, BEN, "Amazon SQS", "0.01"))
    own = own_costs([states], stops(stopped(2), stopped(3, by=By.SWEEP)), NOVEMBER, TODAY)
    assert own.usd == Decimal("0.03")
    assert own.estimate == Decimal("0.00025")


def test_the_lines_of_a_week() -> None:
    costs = [(day, ANA, SESSION, "10" if day < 14 else "4") for day in range(7, 21)]
    spent, avoided = week_lines([month(*costs)], stops(stopped(15), stopped(9)), TODAY)
    assert spent.startswith(
        "Real cost of the governed services, 14 Nov to 20 Nov: $28.00, -60 % on $70.00 the week before"
    )
    assert avoided == "Estimated as avoided in these days: up to $2.20 (stops: 1)."


def test_a_week_that_is_not_known_whole_has_no_lines() -> None:
    assert week_lines([month(read=date(2026, 11, 20))], stops(), TODAY) == ()
    assert week_lines([], stops(), TODAY) == ()


def test_a_week_after_one_that_cost_nothing_has_no_percentage() -> None:
    (cost, _) = week_lines([month((20, ANA, JOB, "1"))], stops(), TODAY)
    assert "$1.00, $0.00 the week before" in cost


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


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1234.565", "$1,234.56"), ("-2", "-$2.00"), ("0.004", "under $0.01"), (None, "unknown")],
)
def test_amounts_are_written_as_people_read_them(amount: str | None, said: str) -> None:
    assert dollars(Decimal(amount) if amount else None) == said


def report(**changed: Any) -> CostReport:
    read = month(*((day, ANA, SESSION, "10" if day < 11 else "1") for day in range(1, 21)))
    hostile = month((3, BEN, "[bold]\x1b[31mJob\u202erun", "5"))
    accounts = account_costs([read, hostile], stops(stopped(11)), NOVEMBER, TODAY)
    own = OwnCosts({"AWS Step Functions": Decimal("0.02")}, Decimal("0.00025"))
    made = CostReport(NOVEMBER, TODAY, accounts, own, read=TODAY, requests=2)
    return replace(made, **changed)


def printed(made: CostReport) -> str:
    console = Console(width=120, force_terminal=False)
    with console.capture() as captured:
        print_costs(console, made, {ANA: "ana"})
    return captured.get()


def test_the_table_shows_what_changed_with_guardian() -> None:
    shown = printed(report())
    (row,) = (
        line for line in shown.splitlines() if line.startswith("ana") and "2026-11-11" in line
    )
    assert row.split() == ["ana", "2026-11-11", "$10.00", "$1.00", "-90%", "$110.00", "$2.20"]
    assert SESSION in shown
    assert "Guardian itself: $0.02 by its tag" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_table_says_what_it_does_not_know() -> None:
    shown = printed(
        report(
            own=OwnCosts({}, Decimal(0)),
            missing=(date(2026, 9, 1),),
            unread=3,
            only_own_account=True,
        )
    )
    assert "Guardian itself: unknown" in shown
    assert "2026-09" in shown
    assert "3 entries" in shown
    assert "management account alone" in shown


def test_the_document_has_it_all_as_text_of_exact_numbers() -> None:
    made: Any = costs_document(report(), {ANA: "ana"})
    ana, ben = made["accounts"]
    assert (ana["name"], ana["guardian_since"], ana["usd"]) == ("ana", "2026-11-11", "110.0000")
    assert ana["operations"][0]["before"] == {
        "usd": "100.0000",
        "days": 10,
        "usd_per_day": "10.0000",
    }
    assert (ben["name"], ben["guardian_since"]) == (None, None)
    assert made["guardian"]["usd"] == "0.0200"
    assert json.dumps(made)
