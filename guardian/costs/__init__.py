"""What governed services really cost, as Cost Explorer tells. Facts: docs/reference/costs-and-prices.md."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from guardian.documents import Document, Json
from guardian.ids import AccountId
from guardian.kinds.base import Kind

METRIC = "UnblendedCost"
CURRENCY = "USD"
TAG = ("guardian:managed-by", "guardian")
"""The tag of all that guardian rolls out; Cost Explorer knows it once it is activated as a cost allocation tag."""
ACCOUNT, OPERATION, SERVICE = "LINKED_ACCOUNT", "OPERATION", "SERVICE"

SERVICES: Mapping[str, str] = {
    "glue": "AWS Glue",
    "sagemaker": "Amazon SageMaker",
    "emr": "Amazon Elastic MapReduce",
    "emr-serverless": "Amazon Elastic MapReduce",
    "athena": "Amazon Athena",
    "ec2": "Amazon Elastic Compute Cloud - Compute",
}
"""What Cost Explorer calls the services of governed kinds, by boto3's names."""
ONLY_IF_GOVERNED = frozenset({"ec2"})
"""Services that are mostly about something else: asked for only where a policy governs a kind of theirs."""


def services_of(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """The services to ask for where these kinds are governed."""
    governed = {kind.stop.service for kind in kinds}
    asked = (SERVICES.keys() - ONLY_IF_GOVERNED) | (governed & ONLY_IF_GOVERNED)
    return tuple(sorted({SERVICES[service] for service in asked}))


@dataclass(frozen=True)
class CostQuery:
    """The daily costs from `since` to before `until`, by account and another dimension, of what the filter lets in."""

    filter: Document
    by: str
    since: date = date.min
    until: date = date.min

    @property
    def key(self) -> str:
        """Short text that tells it from queries of something else, whatever the days."""
        asked = json.dumps([self.filter, self.by, METRIC], sort_keys=True)
        return sha256(asked.encode()).hexdigest()[:12]

    def over(self, since: date, until: date) -> "CostQuery":
        return replace(self, since=since, until=until)

    @property
    def arguments(self) -> Mapping[str, Json]:
        """GetCostAndUsage's."""
        return {
            "TimePeriod": {"Start": self.since.isoformat(), "End": self.until.isoformat()},
            "Granularity": "DAILY",
            "Metrics": [METRIC],
            "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in (ACCOUNT, self.by)],
            "Filter": self.filter,
        }


def governed_query(services: Iterable[str]) -> CostQuery:
    """The costs of services, by API operation."""
    return CostQuery({"Dimensions": {"Key": SERVICE, "Values": sorted(services)}}, OPERATION)


def own_query() -> CostQuery:
    """The costs of what guardian rolled out, by service."""
    name, value = TAG
    return CostQuery({"Tags": {"Key": name, "Values": [value]}}, SERVICE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an account paid on a day for an operation, or for a service. Credits and refunds are below 0."""

    day: date
    account: AccountId
    what: str
    usd: Decimal


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    return month_of(month + timedelta(days=31))


def months(since: date, until: date) -> tuple[date, ...]:
    """The months, by their first days, that have a day from `since` to before `until`."""
    found, month = [], month_of(since)
    while month < until:
        found.append(month)
        month = month_after(month)
    return tuple(found)
