"""Real costs beside what guardian did: accounts before and after, a week, the report."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from guardian.costs.report import (
    Avoided,
    CostReport,
    OwnCosts,
    account_costs,
    dollars,
    own_costs,
    week_lines,
)
from guardian.outcome import By
from guardian.terminal.costs import costs_document, print_costs
from tests.unit.costing import ANA, BEN, JOB, NOVEMBER, SESSION, TODAY, month, stopped, stops


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
