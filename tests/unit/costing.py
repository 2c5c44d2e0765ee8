"""Answers of Cost Explorer, months that were read, and what guardian stopped in them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from guardian.costs.answers import Month, parse_page
from guardian.costs.report import Stops, stops_of
from guardian.ids import AccountId, Region, Target
from guardian.outcome import By, Outcome, Result
from guardian.prices import load_prices

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


def stops(*outcomes: Outcome) -> Stops:
    return stops_of(outcomes, PRICES)
