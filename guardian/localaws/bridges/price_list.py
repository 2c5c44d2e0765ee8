"""The Price List: `GetProducts` over a small list of offers, written as AWS writes them.

The offers are few and their prices of some day; `POST /localaws/prices` puts others in their place.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from moto.core.exceptions import ServiceException

from guardian.localaws.world import World

SERVED_IN = frozenset({"us-east-1", "eu-central-1", "ap-south-1"})
MOST = 100
EXACT = frozenset({"TERM_MATCH", "EQUALS"})
DATE = "2026-11-01T00:00:00Z"
PREFIXES = {"us-east-1": "USE1-", "eu-west-1": "EU-"}
LOCATIONS = {"us-east-1": "US East (N. Virginia)", "eu-west-1": "EU (Ireland)"}

Offer = Mapping[str, Any]
# Service, product family, usage type, unit, prices in Virginia and in Ireland, other attributes.
_Line = tuple[str, str, str, str, tuple[str, str], Mapping[str, str]]
_GLUE, _DPU = ("AWSGlue", "AWS Glue"), "DPU-Hour"
_SESSION = {"operation": "GlueInteractiveSession"}
_SERVERLESS = ("ElasticMapReduce", "EMR Serverless")
_ML = ("AmazonSageMaker", "ML Instance")
_LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "operation": "RunInstances",
}


def _machine(instance: str, ec2: tuple[str, str], emr: str) -> Iterator[_Line]:
    """An instance type with Linux, with Windows, and what EMR asks for it."""
    shape = {"instanceType": instance}
    linux, windows = {**shape, **_LINUX}, {**shape, **_LINUX, "operatingSystem": "Windows"}
    dearer = (f"{float(ec2[0]) * 2:.4f}", f"{float(ec2[1]) * 2:.4f}")
    usage = f"BoxUsage:{instance}"
    yield "AmazonEC2", "Compute Instance", usage, "Hrs", ec2, linux
    yield "AmazonEC2", "Compute Instance", usage, "Hrs", dearer, windows
    mapped = {**shape, "softwareType": "EMR"}
    yield "ElasticMapReduce", "Elastic Map Reduce Instance", usage, "Hrs", (emr, emr), mapped


def _ml(instance: str, prices: tuple[str, str]) -> Iterator[_Line]:
    """A SageMaker instance type by component; its type stands in the usage type."""
    for usage, component in (
        ("Notebk", "Notebook"),
        ("Train", "Training"),
        ("Processing", "Processing"),
    ):
        attributes = {"component": component, "instanceType": f"{instance}-{component}"}
        yield *_ML, f"{usage}:{instance}", "Hrs", prices, attributes


_LINES: tuple[_Line, ...] = (
    (*_GLUE, "ETL-DPU-Hour", _DPU, ("0.44", "0.44"), {"operation": "Jobrun"}),
    (*_GLUE, "GlueInteractiveSession-DPU-Hour", _DPU, ("0.44", "0.44"), _SESSION),
    (*_GLUE, "ETL-Flex-DPU-Hour", _DPU, ("0.29", "0.29"), {"operation": "FlexJobrun"}),
    (*_GLUE, "Crawler-DPU-Hour", _DPU, ("0.44", "0.44"), {"operation": "CrawlerRun"}),
    (*_SERVERLESS, "EMR-SERVERLESS-vCPUHours", "vCPU-Hours", ("0.052624", "0.0578"), {}),
    (*_SERVERLESS, "EMR-SERVERLESS-MemoryGBHours", "GB-Hours", ("0.0057785", "0.0064"), {}),
    (*_SERVERLESS, "EMR-SERVERLESS-ARM-vCPUHours", "vCPU-Hours", ("0.042094", "0.0463"), {}),
    ("AmazonAthena", "Athena Spark", "CodeExecutionInDPUHours", _DPU, ("0.35", "0.39"), {}),
    *_ml("ml.t3.medium", ("0.05", "0.0547")),
    *_ml("ml.m5.xlarge", ("0.23", "0.257")),
    *_machine("m5.xlarge", ("0.192", "0.214"), "0.048"),
    *_machine("t3.medium", ("0.0416", "0.0456"), "0.01"),
)


def _offers() -> Iterator[Offer]:
    for service, family, usage, unit, prices, more in _LINES:
        for (region, prefix), price in zip(PREFIXES.items(), prices, strict=True):
            attributes = {
                "servicecode": service,
                "regionCode": region,
                "location": LOCATIONS[region],
                "locationType": "AWS Region",
                "usagetype": prefix + usage,
                **more,
            }
            yield _offer(family, attributes, unit, price)


def _offer(family: str, attributes: Mapping[str, str], unit: str, price: str) -> Offer:
    sku = sha256(json.dumps([family, attributes]).encode()).hexdigest()[:16].upper()
    code = f"{sku}.JRTCKXETXF"
    rate = f"{code}.6YS6EN2CT7"
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${price} per {unit}",
        "appliesTo": [],
        "rateCode": rate,
        "pricePerUnit": {"USD": f"{float(price):.10f}"},
    }
    term = {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "effectiveDate": DATE,
        "priceDimensions": {rate: dimension},
        "termAttributes": {},
    }
    return {
        "product": {"sku": sku, "productFamily": family, "attributes": dict(attributes)},
        "serviceCode": attributes["servicecode"],
        "terms": {"OnDemand": {code: term}},
        "version": "20261101000000",
        "publicationDate": DATE,
    }


class PriceList:
    """The offers that there are now. One that is a text is not JSON that AWS would write, and fits every search."""

    def __init__(self) -> None:
        self._offers: list[Offer | str] = list(_offers())

    def reset(self) -> None:
        self._offers = list(_offers())

    def replace(self, told: Any) -> Any:
        """Take the offers of `{"offers": [...]}`; `null` for those of the beginning."""
        if told is None:
            self.reset()
        elif isinstance(told, dict) and isinstance(told.get("offers"), list):
            self._offers = told["offers"]
        else:
            raise ValueError('wants {"offers": [...]} or null')
        return {"offers": len(self._offers)}

    def answer(self, operation: str, region: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation != "GetProducts":
            raise NotImplementedError
        if region not in SERVED_IN:
            raise ServiceException("UnknownEndpoint", f"The Price List is not served in {region}.")
        service = asked.get("ServiceCode")
        if not service:
            raise ServiceException("InvalidParameterException", "ServiceCode is required.")
        filters = [(f["Type"], f["Field"], f["Value"]) for f in asked.get("Filters", ())]
        if not EXACT.issuperset(kind for kind, _, _ in filters):
            raise NotImplementedError
        wanted = [(name, value) for _, name, value in filters]
        found = [offer for offer in self._offers if _fits(offer, service, wanted)]
        return _page(found, asked)


def _fits(offer: Offer | str, service: str, wanted: list[tuple[str, str]]) -> bool:
    if isinstance(offer, str):
        return True
    product = offer.get("product", {})
    has = {**product.get("attributes", {}), "productFamily": product.get("productFamily")}
    return offer.get("serviceCode") == service and all(has.get(n) == v for n, v in wanted)


def _page(found: list[Offer | str], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    size = int(asked.get("MaxResults") or MOST)
    if not 1 <= size <= MOST:
        raise ServiceException("InvalidParameterException", "MaxResults must be 1 to 100.")
    token = asked.get("NextToken") or "0"
    if not token.isdecimal():
        raise ServiceException("InvalidNextTokenException", "The NextToken is not valid.")
    first = int(token)
    texts = [each if isinstance(each, str) else json.dumps(each) for each in found]
    more = {"NextToken": str(first + size)} if first + size < len(texts) else {}
    return {"FormatVersion": "aws_v1", "PriceList": texts[first : first + size], **more}


def install(world: World) -> None:
    """Serve the Price List, which moto does not have."""
    prices = PriceList()
    world.on_reset(prices.reset)
    world.listen("/localaws/prices", prices.replace)
    world.serve("pricing", prices.answer)
