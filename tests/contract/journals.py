"""Journals of every kind, and entries for them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from guardian.ids import Region, Target, parse_account
from guardian.journal import Tables, open_journal
from guardian.notice import StopNotice
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.ports import Journal

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TARGET = Target(parse_account("111122223333"), Region("eu-west-1"))


@dataclass
class Hand:
    """A clock that a test sets."""

    now: datetime = NINE

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Place:
    """One journal's place, which can be opened again as a new process would."""

    url: str
    clock: Hand
    tables: Tables | None = None

    def open(self) -> Journal:
        return open_journal(self.url, self.clock, self.tables)


def make_table(endpoint: str, name: str = "") -> str:
    """Make a table of its own for a journal, in local AWS; answers its URL."""
    name = name or f"journal-{uuid4().hex[:12]}"
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    client(endpoint).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return f"dynamodb://{name}"


@cache
def client(endpoint: str) -> Any:
    """Boto3's own, of the region where the journal's tables are."""
    import boto3  # not by all who import this: some are processes that race

    return boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def stopped(name: str = "session-1", at: datetime = NINE) -> Outcome:
    return Outcome(
        Result.STOPPED,
        "glue-session",
        name,
        TARGET,
        "data",
        at,
        By.EVENT,
        reason="its grace of 30m is over",
        owner="ana@example.com",
        started=at - HOUR,
        due=at - HOUR / 2,
        facts={"max_capacity": 5.0, "types": ["a", None, {"b": True}]},
        trace="execution-1",
    )


def notice(name: str = "session-1") -> StopNotice:
    return StopNotice(
        "glue-session",
        name,
        TARGET,
        "data",
        stops=NINE + HOUR,
        at=NINE,
        owner="ana\ud800",
        started=NINE - HOUR,
        due=NINE,
        facts={"workers": 5},
        execution="execution-1",
    )


def drift(at: datetime = NINE) -> Finding:
    return Finding(About.DRIFT, "guardian-glue", "rule disabled", at, TARGET, mended=True)
