"""The Price List and Cost Explorer of local AWS, as any client sees them."""

import json
import urllib.error
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, HttpCall


def term(field: str, value: str, kind: str = "TERM_MATCH") -> dict[str, str]:
    return {"Type": kind, "Field": field, "Value": value}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def today(http: HttpCall) -> date:
    return date.fromisoformat(http("GET", "/localaws/clock")["now"][:10])


def test_offers_are_texts_of_the_shape_that_aws_writes(aws: Aws) -> None:
    answer = aws("pricing", "us-east-1").get_products(
        ServiceCode="AmazonEC2",
        Filters=[term("instanceType", "m5.xlarge"), term("operatingSystem", "Linux")],
    )
    assert answer["FormatVersion"] == "aws_v1"
    assert [json.loads(o)["product"]["attributes"]["regionCode"] for o in answer["PriceList"]] == [
        "us-east-1",
        "eu-west-1",
    ]
    (term_,) = json.loads(answer["PriceList"][0])["terms"]["OnDemand"].values()
    (dimension,) = term_["priceDimensions"].values()
    assert dimension["pricePerUnit"] == {"USD": "0.1920000000"}
    assert (dimension["unit"], dimension["beginRange"], dimension["endRange"]) == (
        "Hrs",
        "0",
        "Inf",
    )


def test_offers_come_in_pages(aws: Aws) -> None:
    pricing = aws("pricing", "us-east-1")
    pages = pricing.get_paginator("get_products").paginate(ServiceCode="AWSGlue", MaxResults=3)
    assert [len(page["PriceList"]) for page in pages] == [3, 3, 2]


def test_what_the_price_list_cannot_do_is_an_error(aws: Aws) -> None:
    pricing = aws("pricing", "us-east-1")
    calls: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("NotImplemented", pricing.describe_services),
        (
            "NotImplemented",
            lambda: pricing.get_products(
                ServiceCode="AWSGlue", Filters=[term("usagetype", "DPU", "CONTAINS")]
            ),
        ),
        ("InvalidNextTokenException", lambda: _products(pricing, NextToken="x")),
        ("UnknownEndpoint", lambda: _products(aws("pricing", "eu-west-1"))),
    )
    for refused, call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert code_of(error) == refused


def _products(pricing: Any, **more: str) -> Any:
    return pricing.get_products(ServiceCode="AWSGlue", **more)


def ask(aws: Aws, today: date, account: str | None = None, **changed: Any) -> Any:
    asked = {
        "TimePeriod": {"Start": str(today - timedelta(days=3)), "End": str(today)},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        **changed,
    }
    return aws("ce", "us-east-1", account).get_cost_and_usage(**asked)


def test_costs_are_what_they_are_told_to_be(
    aws: Aws, http: HttpCall, member: str, today: date
) -> None:
    day = str(today - timedelta(days=1))
    paid = {"day": day, "account": member, "service": "AWS Glue", "usd": 1.5}
    http("POST", "/localaws/costs", {"entries": [paid, {**paid, "account": "123456789012"}]})
    results = ask(aws, today)["ResultsByTime"]
    amounts = [result["Total"]["UnblendedCost"]["Amount"] for result in results]
    assert amounts == ["0", "0", "3.0"]
    (_, _, own) = ask(aws, today, member)["ResultsByTime"]
    assert own["Total"]["UnblendedCost"] == {"Amount": "1.5", "Unit": "USD"}
    by = [
        {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
        {"Type": "DIMENSION", "Key": "OPERATION"},
    ]
    (_, _, grouped) = ask(aws, today, GroupBy=by)["ResultsByTime"]
    assert [group["Keys"] for group in grouped["Groups"]] == [
        [account, "NoOperation"] for account in sorted(("123456789012", member))
    ]
    monthly = ask(aws, today, Granularity="MONTHLY")["ResultsByTime"]
    assert sum(float(each["Total"]["UnblendedCost"]["Amount"]) for each in monthly) == 3


def test_costs_can_be_filtered(aws: Aws, http: HttpCall, member: str, today: date) -> None:
    paid = {"day": str(today - timedelta(days=1)), "account": member, "service": "AWS Glue"}
    entries = [{**paid, "usd": 1}, {**paid, "usd": 2, "tags": {"a": "b"}, "operation": "X"}]
    http("POST", "/localaws/costs", {"entries": entries})

    def total(condition: Any) -> float:
        results = ask(aws, today, Filter=condition)["ResultsByTime"]
        return sum(float(result["Total"]["UnblendedCost"]["Amount"]) for result in results)

    glue = {"Dimensions": {"Key": "SERVICE", "Values": ["AWS Glue"]}}
    tagged = {"Tags": {"Key": "a", "Values": ["b"]}}
    assert (total(glue), total(tagged), total({"Not": tagged})) == (3, 2, 1)
    assert total({"And": [glue, tagged]}) == 2
    assert (
        total({"Or": [{"Not": glue}, {"Dimensions": {"Key": "OPERATION", "Values": ["X"]}}]}) == 2
    )


def test_what_cost_explorer_cannot_do_is_an_error(aws: Aws, today: date) -> None:
    old = {"Start": str(today - timedelta(days=600)), "End": str(today)}
    no_days = {"Start": str(today), "End": str(today)}
    for refused, changed in (
        ("NotImplemented", {"Granularity": "HOURLY"}),
        ("NotImplemented", {"Metrics": ["UsageQuantity"]}),
        ("NotImplemented", {"GroupBy": [{"Type": "COST_CATEGORY", "Key": "x"}]}),
        ("ValidationException", {"GroupBy": [{"Type": "DIMENSION", "Key": "AZ"}] * 1}),
        ("ValidationException", {"TimePeriod": old}),
        ("ValidationException", {"TimePeriod": no_days}),
    ):
        with pytest.raises(ClientError) as error:
            ask(aws, today, **changed)
        assert code_of(error) == refused, changed


@pytest.mark.parametrize(
    "told", [7, {"entries": 1}, {"entries": [{"day": "x"}]}, {"entries": [{"usd": 1}]}]
)
def test_costs_that_make_no_sense_are_refused(http: HttpCall, told: object) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        http("POST", "/localaws/costs", told)
    assert error.value.code == 400
    with error.value:
        assert "error" in json.loads(error.value.read())
