"""The backend as a process of its own, and how to speak to it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from benchmarks.backend.seed import Seed

INHERITED = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR")
"""What the server's process has of this one's environment."""


@dataclass(frozen=True)
class Seeded:
    """`environment` has the hub's credentials and what else makes an SDK call the backend."""

    environment: Mapping[str, str] = field(repr=False)
    accounts: Sequence[str]
    denied: Sequence[str]
    hanging: Sequence[str]


@dataclass(frozen=True)
class Recorded:
    """What the server saw since its seed; `cpu_seconds` are its own. The things are named by kind, account, region, id.

    `calls` has a row for each account, region, service and action, with the count last. `accounts` are those that were
    called. `stopped_again` are things that were to be stopped once more by somebody who knew, `stopped_wrongly` those
    that were not due, `missed` those that still run.
    """

    total: int
    calls: Sequence[tuple[str, str, str, str, int]]
    accounts: int
    most_open: int
    faults: Mapping[str, int]
    refusals: Mapping[str, int]
    unknown: Mapping[str, int]
    mixed_up: int
    mixed_up_examples: Sequence[str]
    due: int
    stopped: int
    stopped_again: Sequence[Mapping[str, str]]
    stopped_wrongly: Sequence[Mapping[str, str]]
    missed: Sequence[Mapping[str, str]]
    last_stop: float
    cpu_seconds: float

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(**{each.name: told[each.name] for each in fields(cls)})

    def count(self, action: str, account: str = "") -> int:
        """How often an action was called, in all accounts or in one."""
        rows = (row for row in self.calls if row[3] == action and account in {"", row[0]})
        return sum(row[4] for row in rows)


@dataclass(frozen=True)
class RunningBackend:
    endpoint: str
    pid: int

    def seed(self, seed: Seed) -> Seeded:
        """Make the world anew."""
        told = self._asked("PUT", "seed", json.dumps(asdict(seed)).encode())
        return Seeded(
            environment={
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_DEFAULT_REGION": seed.regions[0],
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                **told["environment"],
            },
            **{name: told[name] for name in ("accounts", "denied", "hanging")},
        )

    def record(self) -> Recorded:
        return Recorded.read(self._asked("GET", "record"))

    def _asked(self, method: str, what: str, body: bytes | None = None) -> Mapping[str, Any]:
        url = f"{self.endpoint}/benchmark/{what}"
        request = urllib.request.Request(url, body, method=method)  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            told: Mapping[str, Any] = json.load(answer)
        return told


@contextmanager
def running_backend() -> Iterator[RunningBackend]:
    """A backend, ended with the block."""
    command = [sys.executable, "-m", "benchmarks.backend", "--port", "0"]
    clean = {name: os.environ[name] for name in INHERITED if name in os.environ}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean) as process:  # noqa: S603  our own module
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the backend did not start: see above")
            yield RunningBackend(**json.loads(line))
        finally:
            process.terminate()
            process.wait(timeout=20)
