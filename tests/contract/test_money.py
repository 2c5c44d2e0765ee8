"""Guardian's adapters to the Price List and to Cost Explorer, against local AWS over HTTP."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from guardian.aws.connect import Aws
from guardian.costs import governed_query, own_query
from guardian.costs.answers import Page, parse_page
from guardian.errors import AccessDenied, Refused
from guardian.ids import Region
from guardian.jobs.costs import MOST_REQUESTS, Payments, costs_once
from guardian.jobs.prices import refresh_once, wanted
from guardian.journal.sqlite import SqliteJournal
from guardian.offers import Search
from guardian.prices import PriceTable, load_prices
from tests.contract.conftest import HUB, Connect, ask_for_fault
from tests.localaws.conftest import HttpCall

VIRGINIA, DUBLIN = Region("us-east-1"), Region("eu-west-1")
GLUE = "AWS Glue"
SESSION = "GlueInteractiveSession"


def put(http: HttpCall, *entries: tuple[str, str, str, str], page: int = 5000) -> None:
    """Let accounts have paid: day, account, operation, amount."""
    told = [
        {"day": day, "account": account, "service": GLUE, "operation": operation, "usd": usd}
        for day, account, operation, usd in entries
    ]
    http("POST", "/localaws/costs", {"entries": told, "page": page})


def made(http: HttpCall, service: str) -> int:
    """How many calls of a service were made."""
    return sum(c["count"] for c in http("GET", "/localaws/calls") if c["service"] == service)


@pytest.fixture
def today(http: HttpCall) -> date:
    return date.fromisoformat(http("GET", "/localaws/clock")["now"][:10])


@pytest.fixture
def day(today: date) -> Callable[[int], str]:
    """So many days ago."""
    return lambda ago: (today - timedelta(days=ago)).isoformat()


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite", lambda: pytest.fail("it is not dated"))


def test_prices_of_two_regions_come_from_the_list(guardian: Aws, http: HttpCall) -> None:
    http("DELETE", "/localaws/calls")
    items = wanted(load_prices(), [VIRGINIA, DUBLIN], [])
    refreshed = refresh_once(
        guardian.price_list, items, PriceTable("", {}), load_prices(), date(2026, 11, 29)
    )
    rates = refreshed.own.rates
    assert rates[VIRGINIA]["glue-dpu-hour"] == Decimal("0.44")
    assert rates[VIRGINIA]["emr-instance:m5.xlarge"] == Decimal("0.24")
    assert rates[DUBLIN]["emr-instance:m5.xlarge"] == Decimal("0.262")
    assert rates[DUBLIN]["emr-serverless-vcpu-hour"] == Decimal("0.0578")
    assert rates[DUBLIN]["sagemaker-notebook:ml.t3.medium"] == Decimal("0.0547")
    assert rates[VIRGINIA]["ec2-instance:t3.medium"] == Decimal("0.0416")
    assert "sagemaker-notebook:ml.p3.2xlarge" in {f.item for f in refreshed.missing}
    asked = [c for c in http("GET", "/localaws/calls") if c["service"] == "pricing"]
    assert {(c["region"], c["operation"]) for c in asked} == {("eu-central-1", "GetProducts")}


@pytest.mark.parametrize(
    ("home", "asked"), [("us-west-2", "us-east-1"), ("ap-southeast-2", "ap-south-1")]
)
def test_the_list_is_asked_where_it_is_served(
    connected: Connect, http: HttpCall, home: str, asked: str
) -> None:
    http("DELETE", "/localaws/calls")
    aws = connected(home_region=Region(home), hub_account=HUB)
    assert list(aws.price_list.offers(Search("AWSGlue", (("regionCode", "us-east-1"),))))
    assert [call["region"] for call in http("GET", "/localaws/calls")] == [asked]


def test_every_page_of_offers_is_read(guardian: Aws, http: HttpCall) -> None:
    offer = {"serviceCode": "AWSGlue", "product": {"attributes": {"regionCode": "x"}}}
    http("POST", "/localaws/prices", {"offers": [offer] * 250})
    found = list(guardian.price_list.offers(Search("AWSGlue", (("regionCode", "x"),))))
    assert len(found) == 250
    assert all(json.loads(each) == offer for each in found)


def test_what_the_list_says_badly_is_told_and_nothing_else_is_lost(
    guardian: Aws, http: HttpCall
) -> None:
    (good,) = guardian.price_list.offers(
        Search("AWSGlue", (("regionCode", DUBLIN), ("operation", "FlexJobrun")))
    )
    other = json.loads(good.replace("0.2900000000", "0.3100000000"))
    http("POST", "/localaws/prices", {"offers": [json.loads(good), other, "no JSON"]})
    items = {DUBLIN: ("glue-flex-dpu-hour",)}
    own = PriceTable("2026-01-01", {DUBLIN: {"glue-flex-dpu-hour": Decimal("0.20")}})
    refreshed = refresh_once(guardian.price_list, items, own, own, date(2026, 11, 29))
    (missing,) = refreshed.missing
    assert missing.ambiguous
    assert "$0.29 and $0.31" in missing.why
    assert refreshed.malformed == 1
    assert refreshed.own.rates == own.rates


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("AccessDeniedException", AccessDenied),
        ("InvalidParameterException", Refused),
    ],
)
def test_a_list_that_does_not_answer_raises(
    guardian: Aws, http: HttpCall, error: str, raised: type[Exception]
) -> None:
    ask_for_fault(http, "pricing", error=error, times=10)
    with pytest.raises(raised):
        list(guardian.price_list.offers(Search("AWSGlue", ())))


def test_costs_come_by_account_and_operation_and_page_by_page(
    guardian: Aws, http: HttpCall, member: str, today: date, day: Callable[[int], str]
) -> None:
    put(http, (day(2), member, SESSION, "12.5"), (day(2), HUB, "Jobrun", "3"), page=1)
    put(http, (day(2), member, SESSION, "0.25"), (day(1), HUB, "Jobrun", "-1"), page=1)
    query = governed_query([GLUE]).over(today - timedelta(days=5), today)
    pages: list[Page] = []
    token = ""
    while not pages or token:
        pages.append(parse_page(guardian.cost_explorer.page(query, token)))
        token = pages[-1].token
    assert len(pages) == 3
    costs = {(str(c.day), c.account, c.what): c.usd for page in pages for c in page.costs}
    assert costs == {
        (day(2), member, SESSION): Decimal("12.75"),
        (day(2), HUB, "Jobrun"): Decimal(3),
        (day(1), HUB, "Jobrun"): Decimal(-1),
    }
    assert sum(page.unread for page in pages) == 0


def test_costs_of_other_services_and_tags_are_left_out(
    guardian: Aws, http: HttpCall, member: str, today: date, day: Callable[[int], str]
) -> None:
    states = {"day": day(1), "account": member, "service": "AWS Step Functions", "usd": "0.01"}
    tagged = {**states, "tags": {"guardian:managed-by": "guardian"}, "usd": "0.02"}
    http("POST", "/localaws/costs", {"entries": [states, tagged]})
    since = today - timedelta(days=3)
    governed = guardian.cost_explorer.page(governed_query([GLUE]).over(since, today), "")
    assert parse_page(governed).costs == ()
    own = parse_page(guardian.cost_explorer.page(own_query().over(since, today), ""))
    assert [(c.what, c.usd) for c in own.costs] == [("AWS Step Functions", Decimal("0.02"))]


def test_costs_are_asked_for_once_a_day_and_then_remembered(
    guardian: Aws,
    http: HttpCall,
    member: str,
    today: date,
    day: Callable[[int], str],
    journal: SqliteJournal,
) -> None:
    put(http, (day(1), member, SESSION, "5"), (day(40), member, SESSION, "7"))
    http("DELETE", "/localaws/calls")
    since, query = today - timedelta(days=60), governed_query([GLUE])
    payments = Payments(journal, today)
    first = costs_once(guardian.cost_explorer, query, since, payments)
    again = costs_once(guardian.cost_explorer, query, since, payments)
    assert sum(cost.usd for cost in first.costs) == 12
    assert again == first
    assert (made(http, "ce"), payments.made) == (1, 1)
    tomorrow = Payments(journal, today + timedelta(days=1))
    assert tomorrow.made == 0


def test_no_more_is_paid_than_may_be(
    guardian: Aws,
    http: HttpCall,
    member: str,
    today: date,
    day: Callable[[int], str],
    journal: SqliteJournal,
) -> None:
    put(http, *((day(ago), member, SESSION, "1") for ago in range(1, 13)), page=1)
    http("DELETE", "/localaws/calls")
    query, since = governed_query([GLUE]), today - timedelta(days=12)
    known = costs_once(guardian.cost_explorer, query, since, Payments(journal, today))
    assert known.months == ()
    assert known.missing
    assert made(http, "ce") == MOST_REQUESTS
    allowed = Payments(journal, today, 40)
    assert (
        sum(c.usd for c in costs_once(guardian.cost_explorer, query, since, allowed).costs) == 12
    )


@pytest.mark.parametrize(
    ("error", "raised"),
    [("AccessDeniedException", AccessDenied), ("DataUnavailableException", Refused)],
)
def test_a_refusal_of_cost_explorer_raises(
    guardian: Aws, http: HttpCall, today: date, error: str, raised: type[Exception]
) -> None:
    ask_for_fault(http, "ce", error=error, times=1)
    with pytest.raises(raised):
        guardian.cost_explorer.page(own_query().over(today - timedelta(days=1), today), "")
