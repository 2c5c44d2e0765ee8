"""The daemon answers for itself on its port, while it governs a local AWS."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.scenario.conftest import (
    RESEARCH_POLICY,
    SANDBOX_POLICY,
    Installation,
    eventually,
)

WITHIN = 25.0  # seconds

pytestmark = pytest.mark.slow


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

    @property
    def port(self) -> int:
        (told,) = [entry for entry in self.log if entry["event"] == "health"]
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


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Running]:
    process = installation.start("run", GUARDIAN_HEALTH="0")
    made = Running(installation, process)
    reading = Thread(target=made.read_log)
    reading.start()
    eventually(lambda: [e for e in made.log if e["event"] == "swept"], within=60)
    yield made
    process.terminate()
    assert process.wait(WITHIN) == 0
    reading.join()
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()


def test_a_daemon_that_does_its_work_is_alive_and_ready(running: Running) -> None:
    assert running.get("/healthz") == (200, "alive\n")
    assert running.get("/readyz") == (200, "ready\n")
    asked = running.installation.run("health", "--ready", GUARDIAN_HEALTH=str(running.port))
    assert (asked.code, asked.out) == (0, "ready\n")


def test_broken_policies_make_it_unready_and_say_why(running: Running) -> None:
    broken = SANDBOX_POLICY.replace("glue-session", "glue-sesion")
    running.installation.write(sandbox=broken)
    try:
        eventually(lambda: running.get("/readyz")[0] == 503, within=WITHIN)
        assert "unknown kind 'glue-sesion'" in running.get("/readyz")[1]
        assert running.get("/healthz")[0] == 200
    finally:
        running.installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)
    eventually(lambda: running.get("/readyz")[0] == 200, within=WITHIN)


def test_what_it_stops_is_in_its_metrics(running: Running) -> None:
    running.installation.cast.person("ana", "ana").open_glue_session("forgotten")

    glue = {"kind": "glue-session"}
    eventually(
        lambda: running.metric("guardian_outcomes_total", **glue, result="stopped") == 1,
        within=WITHIN,
    )
    assert running.metric("guardian_avoided_cost_usd_total", **glue) > 0
    assert running.metric("guardian_job_runs_total", job="sweep", result="done") >= 1
    assert running.metric("guardian_job_runs_total", result="crashed") == 0
    assert running.metric("guardian_aws_calls_total", service="cloudformation", result="ok") > 0
    assert running.metric("guardian_sweep_accounts") == 3
    assert running.metric("guardian_stack_instances", status="current") == 6
    assert running.metric("guardian_accounts", governed="yes") == 3


def test_the_page_shows_it(running: Running) -> None:
    session = running.installation.cast.person("ben", "ben").open_glue_session("left behind")
    eventually(lambda: f">{session}<" in running.get("/")[1], within=WITHIN)
    page = running.get("/")[1]
    assert "/Workloads/Data Science/Research" in page
    assert "reconcile, every 30m" in page


def test_no_account_is_in_its_metrics(running: Running) -> None:
    text = running.get("/metrics")[1]
    assert not [
        account for account in running.installation.cast.accounts.values() if account in text
    ]


def test_a_port_that_is_taken_is_told_at_once(running: Running) -> None:
    with running.installation.start("run", GUARDIAN_HEALTH=str(running.port)) as second:
        _, said = second.communicate(timeout=WITHIN)
    assert second.returncode == 2
    assert f"guardian: health: cannot listen on 127.0.0.1:{running.port}" in said
