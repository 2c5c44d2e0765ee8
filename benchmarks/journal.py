"""How fast outcomes are recorded and read again, in both kinds of journal.

DynamoDB is local AWS in a process of its own: how long that takes says little of AWS. So calls and CPU are told, too,
and what they come to where a call takes 10 ms.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import boto3

from benchmarks.digest import outcomes
from guardian.aws.connect import Aws, connect
from guardian.aws.options import AwsOptions
from guardian.clock import system_now
from guardian.export import Form, export
from guardian.export.rows import OUTCOME, outcome_row
from guardian.ids import AccountId, Region
from guardian.journal import open_journal
from guardian.ports import Journal

COUNT, CALL_SECONDS = 10_000, 0.01
BATCHES = (10, 100)
"""What one receive from SQS brings, and what ten of them do."""
EXPORTED, SPAN = 50_000, timedelta(days=1)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOME, HUB = Region("eu-west-1"), AccountId("123456789012")


@dataclass(frozen=True)
class Cost:
    """What something took, in seconds, and how many calls it made."""

    wall: float
    cpu: float
    calls: int

    def __str__(self) -> str:
        at_ten = (
            f", {self.cpu + self.calls * CALL_SECONDS:5.1f} s at 10 ms a call"
            if self.calls
            else ""
        )
        return f"{self.wall:6.2f} s, {self.cpu:5.2f} s of CPU, {self.calls:5,} calls{at_ten}"


def measure(name: str, journal: Journal, calls: Callable[[], int], size: int) -> None:
    found = tuple(outcomes(size, NOW, COUNT))
    print(f"{name}, {COUNT:,} outcomes, {size} at a time")
    with costing("recorded", calls):
        new = sum(journal.record(found[n : n + size]) for n in range(0, COUNT, size))
    assert new == COUNT  # noqa: S101 - a benchmark of something else otherwise
    with costing("recorded again", calls):
        journal.record(found[:1_000])
    with costing("read", calls):
        journal.outcomes(NOW - timedelta(days=1), NOW + timedelta(days=1))


@contextmanager
def costing(name: str, calls: Callable[[], int]) -> Iterator[None]:
    before, wall, cpu = calls(), time.monotonic(), time.process_time()
    yield
    cost = Cost(time.monotonic() - wall, time.process_time() - cpu, calls() - before)
    print(f"  {name:16} {cost}", flush=True)


@contextmanager
def local_aws(folder: Path) -> Iterator[Aws]:
    command = [sys.executable, "-m", "guardian.localaws", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own command
        try:
            endpoint = json.loads(server.stdout.readline() if server.stdout else "")["endpoint"]
            os.environ |= surroundings(endpoint, folder)
            yield connect(AwsOptions(home_region=HOME, hub_account=HUB), system_now, Event().wait)
        finally:
            server.terminate()


def surroundings(endpoint: str, folder: Path) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
    }


def make_table(name: str) -> None:
    keys: Any = [("pk", "HASH"), ("sk", "RANGE")]
    boto3.client("dynamodb", HOME).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def exports(folder: Path) -> None:
    """Each in a process of its own, so that the peak is the export's."""
    for count in (5_000, EXPORTED):
        url = f"sqlite:///{folder}/{count}.sqlite"
        open_journal(url, lambda: NOW).record(outcomes(1, NOW, count))
        for form in Form:
            subprocess.run([sys.executable, __file__, form, url], check=True)  # noqa: S603 -- this file


def exported(form: Form, url: str) -> None:
    rows = map(outcome_row, open_journal(url).each_outcome(NOW - SPAN, NOW + SPAN))
    began = time.process_time()
    with TemporaryDirectory() as directory:
        count = export(form, OUTCOME, rows, Path(directory) / "rows")
    peak = peak_mib()
    cpu = time.process_time() - began
    print(f"  {count:,} outcomes as {form}: {cpu:5.2f} s of CPU, peak {peak:.0f} MiB", flush=True)


def peak_mib() -> float:
    """Of this process. `getrusage` would tell the parent's, if that was larger."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        exports(folder)
        for size in BATCHES:
            journal = open_journal(f"sqlite:///{folder}/{size}.sqlite", lambda: NOW)
            measure("SQLite", journal, lambda: 0, size)
        with local_aws(folder) as aws:
            for size in BATCHES:
                make_table(f"journal-{size}")
                journal = open_journal(f"dynamodb://journal-{size}", lambda: NOW, aws.table)
                measure("DynamoDB", journal, lambda: sum(aws.clients.calls.counts.values()), size)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        exported(Form(sys.argv[1]), sys.argv[2])
    else:
        main()
