"""What is taken from offers of the AWS Price List, kind and hostile ones."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import Refused
from guardian.ids import Region
from guardian.jobs.prices import Refreshed, refresh_once, wanted
from guardian.kinds import all_kinds
from guardian.offers import FAMILIES, FIXED, Found, Search, find, parse_offer, searches
from guardian.prices import PriceTable, load_prices, parse_prices, render_prices, saving
from tests.examples import examples
from tests.unit.test_prices import DUBLIN, facts_of_all_kinds

VIRGINIA = Region("us-east-1")
NOTHING = PriceTable("", {})


def offer(usage: str, price: object = "0.4400000000", **more: Any) -> str:
    """An offer as AWS writes it; `more` are the dimension's fields, `attributes` the product's."""
    attributes = {"usagetype": usage, "regionCode": DUBLIN, "locationType": "AWS Region"}
    dimension = {"unit": "Hrs", "beginRange": "0", "endRange": "Inf"}
    dimension |= {"pricePerUnit": {"USD": price}} | {
        k: v for k, v in more.items() if k != "attributes"
    }
    return json.dumps(
        {
            "product": {"sku": "S", "attributes": attributes | more.get("attributes", {})},
            "serviceCode": "AWSGlue",
            "terms": {
                "OnDemand": {"S.J": {"priceDimensions": {"S.J.6": dimension}}},
                "Reserved": {"S.R": {"priceDimensions": {"S.R.6": {**dimension, "unit": "Hrs"}}}},
            },
        }
    )


def found_in(item: str, *offers: str) -> Found:
    """What offers say of an item; each search finds all of them."""
    read = tuple(each for each in map(parse_offer, offers) if each is not None)
    return find(item, DUBLIN, dict.fromkeys(searches(item, DUBLIN), read))


USAGES = {
    "glue-dpu-hour": "EUW1-ETL-DPU-Hour",
    "glue-flex-dpu-hour": "EUW1-ETL-Flex-DPU-Hour",
    "athena-dpu-hour": "EUW1-CodeExecutionInDPUHours",
    "emr-serverless-vcpu-hour": "EUW1-EMR-SERVERLESS-vCPUHours",
    "emr-serverless-gb-hour": "EUW1-EMR-SERVERLESS-MemoryGBHours",
    "sagemaker-notebook:ml.t3.medium": "EUW1-Notebk:ml.t3.medium",
    "sagemaker-training:ml.t3.medium": "EUW1-Train:ml.t3.medium",
    "sagemaker-processing:ml.t3.medium": "EUW1-Processing:ml.t3.medium",
    "ec2-instance:t3.micro": "EU-BoxUsage:t3.micro",
}


@pytest.mark.parametrize("item", USAGES)
def test_each_item_is_found_by_its_usage_type_and_no_other(item: str) -> None:
    others = [offer(usage, "9") for other, usage in USAGES.items() if other != item]
    arm = offer("EUW1-EMR-SERVERLESS-ARM-vCPUHours", "9")
    larger = offer("EUW1-Notebk:ml.t3.medium-NotebookParent", "9")
    assert found_in(item, *others, arm, larger).rate is None
    assert found_in(item, *others, arm, offer(USAGES[item]), larger).rate == Decimal("0.44")


def test_a_usage_type_may_go_without_its_region() -> None:
    assert found_in("ec2-instance:t3.micro", offer("BoxUsage:t3.micro")).rate


def test_a_dot_in_an_instance_type_is_a_dot() -> None:
    assert found_in("ec2-instance:t3.micro", offer("BoxUsage:t3xmicro")).rate is None


def test_an_emr_instance_costs_ec2_and_emr() -> None:
    item = "emr-instance:m5.xlarge"
    ec2, emr = searches(item, DUBLIN)
    assert (ec2.service, emr.service) == ("AmazonEC2", "ElasticMapReduce")
    assert dict(emr.filters)["softwareType"] == "EMR"
    assert dict(emr.filters)["regionCode"] == DUBLIN
    prices = {ec2: [parse_offer(offer("EU-BoxUsage:m5.xlarge", "0.214"))]}
    answers: dict[Search, Any] = {**prices, emr: [parse_offer(offer("any", "0.048"))]}
    assert find(item, DUBLIN, answers).rate == Decimal("0.262")
    half = find(item, DUBLIN, prices)  # type: ignore[arg-type]  # none of them is None
    assert half.rate is None
    assert "ElasticMapReduce" in half.why


def test_two_prices_are_told_and_not_chosen_from() -> None:
    said = found_in("glue-dpu-hour", offer("ETL-DPU-Hour"), offer("ETL-DPU-Hour", "0.52"))
    assert said.rate is None
    assert said.ambiguous
    assert "$0.44 and $0.52" in said.why


def test_a_session_that_costs_otherwise_than_a_job_makes_the_price_ambiguous() -> None:
    job, session = offer("ETL-DPU-Hour"), offer("GlueInteractiveSession-DPU-Hour", "0.50")
    assert found_in("glue-dpu-hour", job, session).ambiguous


@pytest.mark.parametrize(
    "said",
    [
        offer("ETL-DPU-Hour", unit="Quantity"),
        offer("ETL-DPU-Hour", unit="GB-Mo"),
        offer("ETL-DPU-Hour", beginRange="1000"),
        offer("ETL-DPU-Hour", pricePerUnit={"CNY": "3.1"}),
        offer("ETL-DPU-Hour", pricePerUnit={}),
        offer("ETL-DPU-Hour", pricePerUnit="0.44"),
        offer("ETL-DPU-Hour", 0.44),
        offer("ETL-DPU-Hour", "0.0000000000"),
        offer("ETL-DPU-Hour", "-0.44"),
        offer("ETL-DPU-Hour", "NaN"),
        offer("ETL-DPU-Hour", "Infinity"),
        offer("ETL-DPU-Hour", "1e999999999"),
        offer("ETL-DPU-Hour", "10000"),
        offer("ETL-DPU-Hour", "free"),
        offer("ETL-DPU-Hour", attributes={"locationType": "AWS Local Zone"}),
        offer("ETL-DPU-Hour", attributes={"usagetype": 7}),
        '{"product": {"attributes": {"usagetype": "ETL-DPU-Hour"}}, "terms": []}',
        '{"product": {"attributes": {"usagetype": "ETL-DPU-Hour"}}, "terms": {"OnDemand": [1]}}',
    ],
)
def test_what_is_no_hourly_price_in_dollars_is_none(said: str) -> None:
    assert found_in("glue-dpu-hour", said).rate is None
    assert found_in("glue-dpu-hour", said, offer("ETL-DPU-Hour")).rate == Decimal("0.44")


def test_of_tiers_the_first_counts() -> None:
    later = offer("ETL-DPU-Hour", "0.30", beginRange="1000")
    assert found_in("glue-dpu-hour", offer("ETL-DPU-Hour"), later).rate == Decimal("0.44")


@pytest.mark.parametrize(
    "said",
    ["", "{", "[]", "7", "null", '{"product": 1}', '{"product": {}}', "[" * 100_000, 8, b"{}"],
)
def test_what_is_no_offer_is_not_read(said: object) -> None:
    assert parse_offer(said) is None


@examples(40)
@given(st.recursive(st.none() | st.text() | st.floats(), lambda j: st.dictionaries(st.text(), j)))
def test_no_offer_crashes_the_reader(junk: object) -> None:
    terms = {"OnDemand": {"a": {"priceDimensions": {"b": junk}}}}
    parse_offer(json.dumps({"product": {"attributes": junk}, "terms": junk}))
    parse_offer(json.dumps({"product": {"attributes": {"usagetype": "x"}}, "terms": terms}))


@pytest.mark.parametrize(
    "item", ["gold", "glue-dpu-hour:x", "ec2-instance", "ec2-instance:", "ec2-instance:A{0}"]
)
def test_what_guardian_cannot_look_up_is_said_and_not_asked_for(item: str) -> None:
    assert searches(item, DUBLIN) == ()
    assert "does not know" in find(item, DUBLIN, {}).why


@given(st.sampled_from(sorted(all_kinds())), facts_of_all_kinds)
def test_every_item_that_a_kind_asks_for_is_of_a_known_family(kind: str, facts: Any) -> None:
    class Book:
        def rate(self, item: str, _region: Region) -> Decimal | None:
            assert item.partition(":")[0] in FAMILIES
            return None

    saving(kind, facts, DUBLIN, Book())


def test_every_shipped_item_can_be_looked_up() -> None:
    items = {item for rates in load_prices().rates.values() for item in rates}
    assert all(searches(item, VIRGINIA) for item in items | set(FIXED))


class Listed:
    """A price list that finds offers by usage type, and counts the calls."""

    def __init__(self, offers: Mapping[str, Iterable[str]]) -> None:
        self.offered = offers
        self.asked: list[Search] = []

    def offers(self, search: Search) -> Iterable[str]:
        self.asked.append(search)
        if search.service == "AmazonAthena":
            raise Refused("pricing:GetProducts: no such service")
        return self.offered.get(search.service, ())


def refreshed(own: PriceTable = NOTHING, *items: str) -> tuple[Refreshed, Listed]:
    listed = Listed({"AWSGlue": [offer("ETL-DPU-Hour", "0.50"), "{"]})
    asked = {DUBLIN: items or ("athena-dpu-hour", "glue-dpu-hour", "glue-flex-dpu-hour")}
    before = load_prices().overridden_by(own)
    return refresh_once(listed, asked, own, before, date(2026, 11, 29)), listed


def test_what_was_found_is_written_and_the_rest_stays_as_it_was() -> None:
    own = PriceTable("2026-01-01", {DUBLIN: {"athena-dpu-hour": Decimal("0.30")}})
    made, listed = refreshed(own)
    assert made.own.rates == {
        DUBLIN: {"athena-dpu-hour": Decimal("0.30"), "glue-dpu-hour": Decimal("0.5")}
    }
    assert made.own.as_of == "2026-11-29"
    assert [found.item for found in made.missing] == ["athena-dpu-hour", "glue-flex-dpu-hour"]
    assert "no such service" in made.missing[0].why
    assert [found.item for found in made.changed] == ["glue-dpu-hour"]
    assert made.malformed == 1
    assert len(listed.asked) == 2  # Glue's items share one search


def test_an_unchanged_price_is_no_change() -> None:
    made, _ = refreshed(PriceTable("", {DUBLIN: {"glue-dpu-hour": Decimal("0.50")}}))
    assert made.changed == ()


def test_items_are_those_of_the_table_in_every_governed_region() -> None:
    items = wanted(load_prices(), [DUBLIN, Region("af-south-1")], [])
    assert items[DUBLIN] == items[Region("af-south-1")]
    assert "emr-instance:m5.xlarge" in items[DUBLIN]
    assert set(FIXED) <= set(items[DUBLIN])


rates = st.decimals(min_value="0.0000001", max_value=9999, allow_nan=False, places=None)
texts = st.text(st.characters(max_codepoint=0xFFF, exclude_categories=("Cs", "Cc")), min_size=1)


few = st.dictionaries(texts.map(Region), st.dictionaries(texts, rates, max_size=3), max_size=3)


@examples(40)
@given(few, st.text("0123456789-"))
def test_a_written_table_is_read_as_it_was(
    rates: Mapping[Region, Mapping[str, Decimal]], as_of: str
) -> None:
    written = render_prices(PriceTable(as_of, rates), ["Source: a test."])
    assert written.startswith("# Source: a test.\n")
    assert parse_prices(written, "prices.yaml") == PriceTable(as_of, rates)
