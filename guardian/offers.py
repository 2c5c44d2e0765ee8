"""What the AWS Price List says of the items that guardian prices. Pure; facts: docs/reference/costs-and-prices.md.

An offer is one JSON text of a GetProducts answer: a product with its attributes, and its terms.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from guardian.documents import Json, pick, text
from guardian.ids import Region

CURRENCY = "USD"
REGION = "AWS Region"
"""Where an offer holds; others are of local zones and the like."""
MOST = Decimal(10_000)
"""No hour of anything that guardian governs costs as much: what says so is no price."""
PREFIX = "(?:[A-Z0-9]+-)?"
"""The region before a usage type: `USE1-`, `EU-`, often nothing at all in us-east-1."""
HOURLY = re.compile(r"(?:.*-)?\w*h(?:ou)?rs?", re.IGNORECASE | re.ASCII)
"""Units of an hour: `Hrs`, `DPU-Hour`, `vCPUHours`."""
INSTANCE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Search:
    """A GetProducts call: a service's code, and fields that must have these values."""

    service: str
    filters: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Offer:
    """What guardian takes of an offer: the product's attributes, and its on-demand prices of an hour in USD."""

    attributes: Mapping[str, str]
    hourly: tuple[Decimal, ...]


Answers = Mapping[Search, Sequence[Offer] | str]
"""The offers that searches found, or why the list refused to look."""


@dataclass(frozen=True)
class Part:
    """One of the prices that make a rate.

    `filters` go into the call, `usage` are regular expressions of usage types without the region before them, any of
    which does; none for all. `{instance}` stands for the instance type.
    """

    service: str
    filters: Mapping[str, str] = field(default_factory=dict)
    usage: tuple[str, ...] = ()

    def search(self, instance: str, region: Region) -> Search:
        filled = {name: value.format(instance=instance) for name, value in self.filters.items()}
        return Search(self.service, (("regionCode", region), *sorted(filled.items())))

    def takes(self, offer: "Offer", instance: str) -> bool:
        """Whether an offer is of what this part prices."""
        said = offer.attributes
        patterns = [PREFIX + each.format(instance=re.escape(instance)) for each in self.usage]
        used = said.get("usagetype", "")
        return said.get("locationType", REGION) == REGION and (
            not patterns or any(re.fullmatch(each, used) for each in patterns)
        )


def _sagemaker(usage: str) -> tuple[Part, ...]:
    return (Part("AmazonSageMaker", {"productFamily": "ML Instance"}, (f"{usage}:{{instance}}",)),)


def _serverless(unit: str) -> tuple[Part, ...]:
    family = {"productFamily": "EMR Serverless"}
    return (Part("ElasticMapReduce", family, (f"EMR-SERVERLESS-{unit}",)),)


_EC2 = Part(
    "AmazonEC2",
    {
        "instanceType": "{instance}",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
    },
    ("BoxUsage:{instance}",),
)
_EMR = Part(
    "ElasticMapReduce",
    {
        "instanceType": "{instance}",
        "productFamily": "Elastic Map Reduce Instance",
        "softwareType": "EMR",
    },
)

FAMILIES: Mapping[str, tuple[Part, ...]] = {
    # A session costs what a job does; where the list has two prices, the item is ambiguous and said to be so.
    "glue-dpu-hour": (Part("AWSGlue", usage=("ETL-DPU-Hour", "GlueInteractiveSession-DPU-Hour")),),
    "glue-flex-dpu-hour": (Part("AWSGlue", usage=("ETL-Flex-DPU-Hour",)),),
    "athena-dpu-hour": (Part("AmazonAthena", usage=("CodeExecutionInDPUHours",)),),
    "emr-serverless-vcpu-hour": _serverless("vCPUHours"),
    "emr-serverless-gb-hour": _serverless("MemoryGBHours"),
    # The instance type stands in the usage type: other attributes of SageMaker's offers are often empty.
    "sagemaker-notebook": _sagemaker("Notebk"),
    "sagemaker-training": _sagemaker("Train"),
    "sagemaker-processing": _sagemaker("Processing"),
    "ec2-instance": (_EC2,),
    "emr-instance": (_EC2, _EMR),
}
"""What a rate is made of, by the item, or by what stands before the colon in items of instance types."""
FIXED = (
    "glue-dpu-hour",
    "glue-flex-dpu-hour",
    "athena-dpu-hour",
    "emr-serverless-vcpu-hour",
    "emr-serverless-gb-hour",
)
"""The items without an instance type."""


@dataclass(frozen=True)
class Found:
    """What the list says of an item in a region: a rate, or why there is none. `why` is empty where there is one."""

    item: str
    region: Region
    rate: Decimal | None = None
    why: str = ""
    ambiguous: bool = False


def parts_of(item: str) -> tuple[Part, ...]:
    """What an item's rate is made of; nothing where nobody knows, or what should be an instance type is none."""
    family, _, instance = item.partition(":")
    known = FAMILIES.get(family, ())
    if (family in FIXED) == bool(instance):
        return ()
    return known if not instance or INSTANCE.fullmatch(instance) else ()


def searches(item: str, region: Region) -> tuple[Search, ...]:
    """The calls whose offers tell of an item, in the order of its parts."""
    instance = item.partition(":")[2]
    return tuple(part.search(instance, region) for part in parts_of(item))


def find(item: str, region: Region, answers: Answers) -> Found:
    """The rate of an item, the sum of its parts. Two prices of a part are told and not chosen from."""
    instance, total = item.partition(":")[2], Decimal(0)
    parts = parts_of(item)
    if not parts:
        return Found(item, region, why="guardian does not know where the list has it")
    for part in parts:
        offers = answers.get(part.search(instance, region), ())
        if isinstance(offers, str):
            return Found(item, region, why=offers)
        prices = {p for offer in offers if part.takes(offer, instance) for p in offer.hourly}
        if len(prices) != 1:
            return Found(item, region, None, _none(part, prices), ambiguous=bool(prices))
        total += prices.pop()
    return Found(item, region, total)


def _none(part: Part, prices: Iterable[Decimal]) -> str:
    several = " and ".join(f"${price}" for price in sorted(prices))
    if several:
        return f"{part.service} has several prices of it: {several}"
    return f"{part.service} has no hourly price of it in {CURRENCY}"


def parse_offer(said: object) -> Offer | None:
    """An offer of an answer; None where it is not the JSON of one."""
    if not isinstance(said, str):
        return None
    try:
        offer: Json = json.loads(said)
    except (ValueError, RecursionError):
        return None
    attributes = pick(offer, "product.attributes")
    if not isinstance(attributes, Mapping):
        return None
    known = {name: value for name, value in attributes.items() if isinstance(value, str)}
    return Offer(known, tuple(_hourly(offer)))


def _hourly(offer: Json) -> Iterator[Decimal]:
    """Of several tiers the first."""
    for term in _values(pick(offer, "terms.OnDemand")):
        for dimension in _values(pick(term, "priceDimensions")):
            first = text(dimension, "beginRange") in {"", "0"}
            if first and HOURLY.fullmatch(text(dimension, "unit")):
                price = _price(text(dimension, f"pricePerUnit.{CURRENCY}"))
                if price is not None:
                    yield price


def _values(found: Json) -> Iterable[Json]:
    return found.values() if isinstance(found, Mapping) else ()


def _price(said: str) -> Decimal | None:
    """A price, without the zeros at its end; None for nothing, for none at all and for what cannot be one."""
    try:
        price = Decimal(said)
    except InvalidOperation:
        return None
    if not (price.is_finite() and 0 < price < MOST):
        return None
    return Decimal(f"{price.normalize():f}")
