"""A daemon as a process: what it logs, and what it answers on its port."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.scenario.conftest import Installation

ENDS_WITHIN = 35.0
"""Seconds: 25 are promised, and the machine may be loaded."""


@dataclass
class Running:
    """A daemon with its port, and all that it has logged."""

    installation: Installation
    process: subprocess.Popen[str]
    log: list[dict[str, Any]] = field(default_factory=list)

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            sys.stderr.write(line)
            if line.startswith("{"):
                self.log.append(json.loads(line))

    def told(self, event: str) -> list[dict[str, Any]]:
        """What it has logged of an event."""
        return [entry for entry in self.log if entry["event"] == event]

    @property
    def port(self) -> int:
        (told,) = self.told("health")
        return int(told["port"])

    def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        found = (s for family in families for s in family.samples if s.name == name)
        return sum(s.value for s in found if labels.items() <= s.labels.items())


def free_lease(installation: Installation) -> None:
    """Let the next daemon begin at once: one that was killed cannot say that it has ended."""
    journal = installation.open().journal
    lease = journal.lease()
    if lease:
        journal.release(lease)


@contextmanager
def begun(installation: Installation, **changed: str) -> Iterator[Running]:
    """One that was started; it is killed at the end if it still runs then."""
    process = installation.start("run", **{"GUARDIAN_HEALTH": "0"} | changed)
    made = Running(installation, process)
    reading = Thread(target=made.read_log)
    reading.start()
    try:
        yield made
    finally:
        process.kill()
        process.wait()
        reading.join()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def at_work(installation: Installation, **changed: str) -> Iterator[Running]:
    """The same; it is told to stop at the end, and does."""
    with begun(installation, **changed) as made:
        yield made
        made.process.terminate()
        assert made.process.wait(ENDS_WITHIN) == 0
