"""The daemon answers for itself on its port, while it governs a local AWS."""

from collections.abc import Iterator

import pytest

from tests.scenario.conftest import (
    RESEARCH_POLICY,
    SANDBOX_POLICY,
    Installation,
    eventually,
)
from tests.scenario.daemons import Running, at_work

WITHIN = 25.0  # seconds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator[Running]:
    with at_work(installation) as made:
        eventually(lambda: made.told("swept"), within=60)
        yield made


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
