from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.documents import Document, Json
from guardian.errors import InputError
from guardian.ids import Region
from guardian.kinds import all_kinds
from guardian.prices import Saving, load_prices, parse_prices, saving

DUBLIN = Region("eu-west-1")
PRICES = load_prices()


def usd(kind: str, facts: Document, region: Region = DUBLIN) -> Decimal | None:
    return saving(kind, facts, region, PRICES).usd


def test_a_glue_session_costs_its_dpus_until_its_idle_timeout() -> None:
    facts: Document = {"max_capacity": 5.0, "idle_timeout": 60, "timeout": 2880}
    assert usd("glue-session", facts) == Decimal("2.20")


def test_what_would_have_run_for_days_counts_for_one() -> None:
    facts: Document = {"max_capacity": 5.0, "idle_timeout": 2880, "timeout": 2880}
    assert usd("glue-session", facts) == Decimal("52.80")


def test_a_notebook_costs_its_instance_for_a_day() -> None:
    virginia = Region("us-east-1")
    assert usd("sagemaker-notebook", {"instance_type": "ml.m5.xlarge"}, virginia) == Decimal(
        "5.52"
    )


def test_a_cluster_costs_all_its_instances_for_a_day() -> None:
    facts: Document = {"instance_types": ["m5.xlarge", "r5.2xlarge"], "instance_counts": [1, 2]}
    assert usd("emr-cluster", facts, Region("us-east-1")) == Decimal("36.00")


@pytest.mark.parametrize(
    ("kind", "facts", "region"),
    [
        ("glue-session", {"max_capacity": 5.0}, "mars-north-1"),
        ("glue-session", {}, "eu-west-1"),
        ("sagemaker-notebook", {"instance_type": "ml.new.8xlarge"}, "eu-west-1"),
        (
            "emr-cluster",
            {"instance_types": ["m5.xlarge", "?"], "instance_counts": [1, 1]},
            "eu-west-1",
        ),
        ("a-kind-of-tomorrow", {}, "eu-west-1"),
    ],
)
def test_an_unknown_price_is_unknown_and_not_nothing(
    kind: str, facts: Document, region: str
) -> None:
    found = saving(kind, facts, Region(region), PRICES)
    assert found.usd is None
    assert found.basis


def test_every_figure_says_how_it_was_reckoned() -> None:
    assert "0.44" in saving("glue-session", {"max_capacity": 5.0}, DUBLIN, PRICES).basis


@pytest.mark.parametrize("amount", [float("inf"), float("nan"), -5, 1e300, 10**9])
def test_facts_that_make_no_sense_are_worth_an_unknown_amount(amount: float) -> None:
    assert usd("glue-session", {"max_capacity": amount}) is None


numbers = st.integers() | st.floats() | st.none() | st.booleans() | st.text()
facts_of_all_kinds = st.dictionaries(
    st.sampled_from(sorted({name for kind in all_kinds().values() for name in kind.facts})),
    numbers | st.lists(numbers),
)


@given(kind=st.sampled_from(sorted(all_kinds())), facts=facts_of_all_kinds)
def test_whatever_a_member_reports_gives_a_plain_amount_or_none(
    kind: str, facts: dict[str, Json]
) -> None:
    found = usd(kind, facts)
    assert found is None or 0 <= found < 1_000_000


@dataclass(frozen=True)
class AsksForEverything:
    """A price book that knows every item, and remembers what it was asked for."""

    asked: list[str]

    def rate(self, item: str, region: Region) -> Decimal | None:
        self.asked.append(f"{region}:{item}")
        return Decimal(1)


def test_the_price_is_asked_for_the_region_of_the_resource() -> None:
    book = AsksForEverything([])
    assert saving("glue-session", {"max_capacity": 1.0}, DUBLIN, book) == Saving(
        Decimal("24.00"), "1.0 DPU at $1/DPU-hour until Glue's own timeout", Decimal("1.0")
    )
    assert book.asked == ["eu-west-1:glue-dpu-hour"]


def test_a_file_beside_the_policies_wins_over_the_shipped_table(tmp_path: Path) -> None:
    override = tmp_path / "prices.yaml"
    override.write_text("as_of: 2027-01-01\nregions: {eu-west-1: {glue-dpu-hour: '0.30'}}\n")
    table = load_prices(override)
    assert table.rate("glue-dpu-hour", DUBLIN) == Decimal("0.30")
    assert table.rate("glue-dpu-hour", Region("us-east-1")) == Decimal("0.44")
    assert table.as_of == "2027-01-01"


def test_no_file_beside_the_policies_is_no_trouble(tmp_path: Path) -> None:
    assert load_prices(tmp_path / "prices.yaml") == PRICES


@pytest.mark.parametrize("price", ["-1", "0", "free", ".nan", "true", "[]"])
def test_a_price_that_is_none_is_told_with_its_place(price: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml: eu-west-1: glue-dpu-hour: wants a price"):
        parse_prices(f"regions: {{eu-west-1: {{glue-dpu-hour: {price}}}}}", "mine.yaml")


@pytest.mark.parametrize(
    "text", ["", "[1]", "regions: 5", "regions: {eu-west-1: 5}", "a: [", "a: 1\na: 2"]
)
def test_a_file_that_is_no_table_is_told(text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml"):
        parse_prices(text, "mine.yaml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    override = tmp_path / "prices.yaml"
    override.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        load_prices(override)


VIRGINIA = Region("us-east-1")
FAMILIES = ("notebook", "processing", "training")
WARM: Document = {
    "DRIVER": {"WorkerCount": 1, "WorkerConfiguration": {"Cpu": "4vCPU", "Memory": "16 GB"}},
    "EXECUTOR": {"WorkerCount": 4, "WorkerConfiguration": {"Cpu": "4 vCPU", "Memory": "16GB"}},
}


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("glue-job-run", {"max_capacity": 10.0, "timeout": 120}, "8.80"),
        (
            "glue-job-run",
            {"max_capacity": 10.0, "timeout": 120, "execution_class": "FLEX"},
            "5.80",
        ),
        ("athena-session", {"coordinator": 1, "idle_timeout": 120}, "0.70"),
        ("athena-session", {"coordinator": 3}, "0.35"),
        ("emr-serverless-application", {"capacity": WARM, "stops_itself": False}, "36.35"),
        ("emr-serverless-application", {"capacity": WARM, "stops_after": 60}, "1.51"),
        ("emr-serverless-application", {"capacity": WARM}, "0.38"),
        (
            "emr-serverless-session",
            {"vcpu_hours": 24.0, "gb_hours": 96.0, "seconds": 10800, "idle_timeout": 60},
            "0.61",
        ),
        ("emr-session", {}, "0.00"),
        ("sagemaker-app", {"instance_type": "ml.m5.xlarge"}, "5.52"),
        (
            "sagemaker-training-job",
            {"instance_type": "ml.m5.xlarge", "instance_count": 2, "max_seconds": 7200},
            "0.92",
        ),
        (
            "sagemaker-processing-job",
            {"instance_type": "ml.m5.xlarge", "instance_count": 2},
            "11.04",
        ),
        ("ec2-instance", {"instance_type": "m5.xlarge", "platform": "Linux/UNIX"}, "4.61"),
    ],
)
def test_what_a_stop_is_worth_follows_from_the_facts(
    kind: str, facts: Document, expected: str
) -> None:
    assert usd(kind, facts, VIRGINIA) == Decimal(expected)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("glue-session", {"worker_type": "R.1X", "workers": 5, "max_capacity": 5.0}),
        ("glue-job-run", {"worker_type": "R.2X", "max_capacity": 10.0}),
        ("athena-session", {"idle_timeout": 120}),
        ("emr-serverless-application", {"capacity": {}}),
        ("emr-serverless-application", {"capacity": {"DRIVER": {"WorkerCount": 1}}}),
        ("emr-serverless-session", {"vcpu_hours": 24.0, "gb_hours": 96.0, "seconds": 0}),
        ("sagemaker-app", {"instance_type": "system"}),
        ("sagemaker-training-job", {"instance_type": "ml.m5.xlarge"}),
        ("sagemaker-endpoint", {}),
        ("ec2-instance", {"instance_type": "m5.xlarge", "platform": "Windows"}),
    ],
)
def test_what_cannot_be_priced_is_unknown(kind: str, facts: Document) -> None:
    assert usd(kind, facts, VIRGINIA) is None


def test_every_item_of_the_table_is_asked_for_by_some_kind() -> None:
    items = {item for rates in PRICES.rates.values() for item in rates}
    known = {
        "athena-dpu-hour",
        "emr-serverless-gb-hour",
        "emr-serverless-vcpu-hour",
        "glue-dpu-hour",
        "glue-flex-dpu-hour",
    }
    families = ("emr-instance:", "ec2-instance:", *(f"sagemaker-{k}:" for k in FAMILIES))
    assert {item for item in items if item not in known and not item.startswith(families)} == set()
