"""`guardian prices` and `guardian costs`, as people run them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guardian.daemon import open_daemon
from guardian.demo.cast import HOME
from guardian.digest import Audience
from guardian.ids import AccountId, Region, Target
from guardian.jobs.costs import MOST_REQUESTS
from guardian.jobs.prices import LEARNED, NOTHING, learned
from guardian.outcome import By, Outcome, Result
from guardian.prices import load_prices, own_prices
from tests.scenario.conftest import Installation, calls, forget_calls
from tests.scenario.rollouts import forget_faults

pytestmark = pytest.mark.slow
SESSION = "GlueInteractiveSession"


@pytest.fixture
def prices(installation: Installation) -> Iterator[Path]:
    """Where prices of one's own are, none at first."""
    file = installation.directory / "prices.yaml"
    yield file
    file.unlink(missing_ok=True)


def asked(installation: Installation, service: str) -> int:
    made = calls(installation.cast.aws)
    return sum(call["count"] for call in made if call["service"] == service)


def document(installation: Installation, *arguments: str) -> Any:
    run = installation.run(*arguments, "--format", "json")
    assert (run.code, run.err) == (0, "")
    return json.loads(run.out)


def test_the_list_replaces_what_it_has_and_names_what_it_has_not(
    installation: Installation, prices: Path
) -> None:
    refreshed = document(installation, "prices", "refresh")
    assert refreshed["file"] == str(prices)
    changed = {(each["region"], each["item"]): each for each in refreshed["changed"]}
    athena = changed[HOME, "athena-dpu-hour"]
    assert (athena["before"], athena["after"]) == (None, "0.39")
    missing = {each["item"] for each in refreshed["missing"]}
    assert "sagemaker-notebook:ml.p3.2xlarge" in missing
    assert {each["region"] for each in refreshed["missing"]} == {HOME}
    text = prices.read_text("utf-8")
    assert text.startswith("# Written by guardian prices refresh on ")
    assert "AWS Price List" in text.splitlines()[1]
    own = own_prices(prices)
    assert own is not None
    assert own.as_of == f"{installation.open().now():%Y-%m-%d}"
    shown = document(installation, "prices", "--region", HOME)["prices"]
    from_list = {each["item"]: each["own"] for each in shown}
    assert from_list["athena-dpu-hour"]
    assert not from_list["sagemaker-notebook:ml.p3.2xlarge"]
    again = installation.run("prices", "refresh")
    assert (again.code, "0 changed" in again.out) == (0, True)


def test_prices_that_somebody_wrote_are_not_written_over(
    installation: Installation, prices: Path, tmp_path: Path
) -> None:
    negotiated = "as_of: 2026-01-01\nregions:\n  eu-west-1: {glue-dpu-hour: 0.11}\n"
    prices.write_text(negotiated)
    refused = installation.run("prices", "refresh")
    assert refused.code == 2
    assert "--output" in refused.err
    assert prices.read_text() == negotiated
    elsewhere = tmp_path / "list.yaml"
    assert installation.run("prices", "refresh", "--output", str(elsewhere)).code == 0
    assert own_prices(elsewhere) is not None
    assert prices.read_text() == negotiated
    shown = installation.run("prices", "--region", HOME).out
    assert "your own as of 2026-01-01" in shown


def test_a_place_that_cannot_be_written_is_one_line(
    installation: Installation, tmp_path: Path
) -> None:
    run = installation.run("prices", "refresh", "--output", str(tmp_path / "none" / "x.yaml"))
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_region_without_prices_is_told_with_the_nearest(installation: Installation) -> None:
    run = installation.run("prices", "--region", "eu-west-11")
    assert run.code == 2
    assert "eu-west-1" in run.err.replace("eu-west-11", "")


def test_only_who_prices_something_reads_the_prices(
    installation: Installation, prices: Path
) -> None:
    prices.write_text("nonsense")
    assert installation.open().aws is not None
    assert installation.run("plan").code == 0
    for command in ("prices", "run"):
        refused = installation.run(command)
        told = [line for line in refused.err.splitlines() if line.startswith("guardian: ")]
        assert (refused.code, len(told)) == (2, 1)
        assert str(prices) in told[0]


def test_the_shipped_prices_hold_where_nobody_said_others(installation: Installation) -> None:
    assert installation.open().prices == load_prices()


def test_the_daemon_learns_prices_once_a_week_and_ones_own_still_win(
    installation: Installation, prices: Path
) -> None:
    guardian = installation.open()
    daemon = open_daemon(guardian)
    region, item = Region(HOME), "athena-dpu-hour"
    assert guardian.prices.rate(item, region) is None
    daemon.learning.prices()
    assert guardian.prices.rate(item, region) == Decimal("0.39")
    requests = asked(installation, "pricing")
    daemon.learning.prices()
    assert asked(installation, "pricing") == requests > 0
    prices.write_text(f"as_of: 2026-01-01\nregions:\n  {HOME}: {{{item}: 0.11}}\n")
    assert installation.open().prices.rate(item, region) == Decimal("0.11")
    guardian.journal.forget(LEARNED)


def test_who_may_not_ask_for_prices_is_told_so_once(installation: Installation) -> None:
    guardian = installation.open()
    daemon, began = open_daemon(guardian), guardian.now()
    denied = {"service": "pricing", "error": "AccessDeniedException", "times": 99}
    installation.cast.aws.post("/localaws/faults", denied)
    daemon.learning.prices()
    daemon.learning.prices()
    forget_faults(installation)
    told = guardian.journal.findings(began, guardian.now() + timedelta(days=1))
    assert [finding.subject for finding in told] == ["prices"]
    assert learned(guardian.journal) == NOTHING


@pytest.fixture
def today(installation: Installation) -> datetime:
    return installation.open().now()


@pytest.fixture
def bill(installation: Installation, today: datetime) -> Installation:
    """Ana's sessions cost 20 a day until guardian stopped one ten days ago, and 2 since; nothing was asked yet."""
    ana = AccountId(installation.cast.accounts["ana"])
    paid = {"account": ana, "service": "AWS Glue", "operation": SESSION}
    days = [(today - timedelta(days=ago)).date().isoformat() for ago in range(20, 0, -1)]
    entries: list[Any] = [
        {**paid, "day": day, "usd": 20 if n < 10 else 2} for n, day in enumerate(days)
    ]
    own = {"account": ana, "service": "AWS Step Functions", "operation": "x", "usd": "0.03"}
    entries.append({**own, "day": days[-1], "tags": {"guardian:managed-by": "guardian"}})
    installation.cast.aws.post("/localaws/costs", {"entries": entries})
    stop = Outcome(
        result=Result.STOPPED,
        kind="glue-session",
        id="forgotten",
        target=Target(ana, Region(HOME)),
        policy="sandbox",
        at=today - timedelta(days=10),
        by=By.EVENT,
        facts={"max_capacity": 5.0, "idle_timeout": 60},
    )
    installation.open().journal.record([stop])
    return installation


def test_costs_are_told_before_guardian_and_with_it_for_a_few_cents(bill: Installation) -> None:
    forget_calls(bill.cast.aws)
    told = document(bill, "costs", "--since", "20d")
    (ana,) = told["accounts"]
    assert ana["name"] == "ana"
    (session,) = ana["operations"]
    assert session["operation"] == SESSION
    assert session["before"]["usd_per_day"] == "20.0000"
    assert session["after"]["usd_per_day"] == "2.0000"
    assert ana["avoided"] == {"usd": "2.2000", "stops": 1, "of_unknown_worth": 0}
    assert told["guardian"]["usd"] == "0.0300"
    assert (told["requests_today"], asked(bill, "ce")) == (2, 2)
    shown = bill.run("costs", "--since", "20d")
    assert (shown.code, shown.err) == (0, "")
    assert "-90%" in shown.out
    assert asked(bill, "ce") == 2
    assert bill.run("costs", "--since", "200d", "--requests", "2").out.count("Not known") == 1
    assert asked(bill, "ce") == 2 <= MOST_REQUESTS
    guardian = bill.open()
    desk = guardian.desk(Audience("arn:aws:sns:eu-west-1:111122223333:costs"))
    spent, _ = desk.spent(guardian.now().date())
    assert "$14.00" in spent
    assert asked(bill, "ce") == 2


@pytest.mark.parametrize("since", ["3h", "soon", "900d"])
def test_a_span_that_cannot_be_told_is_one_line(installation: Installation, since: str) -> None:
    run = installation.run("costs", "--since", since)
    assert (run.code, run.err.count("\n")) == (2, 1)
    assert "--since" in run.err
