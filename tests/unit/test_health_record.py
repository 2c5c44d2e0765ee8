"""What jobs report, and what is made of it: readiness and metrics."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from guardian.daemon.watched import duties, guarded
from guardian.documents import Document
from guardian.errors import Unavailable
from guardian.health.measure import heard
from guardian.health.metrics import Scene, exposition
from guardian.health.readiness import Policies, limit, unready
from guardian.health.record import Depths, Duty, Health, Record, Rollout, Run, SweepFigures
from guardian.ids import AccountId, Region, Target
from guardian.outcome import About, By, Finding, Outcome, Result
from guardian.prices import load_prices

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SWEEP = Duty("sweep", HOUR, HOUR)
ACCOUNT = AccountId("111122223333")
TARGET = Target(ACCOUNT, Region("eu-west-1"))


def after(*runs: Run, began: datetime | None = None) -> Health:
    """The health of a daemon that started four hours ago, and whose sweep ran so."""
    record = Record(NOW - 4 * HOUR, [SWEEP])
    for run in runs:
        record.ended(run)
    if began:
        record.began("sweep", began)
    return record.health


def run(ago: timedelta, failure: str = "") -> Run:
    return Run("sweep", NOW - ago - MINUTE, NOW - ago, failure)


def reasons(health: Health, policies: Policies | None = None) -> tuple[str, ...]:
    return unready(health, policies or Policies(), NOW)


def test_a_job_that_succeeded_lately_is_ready() -> None:
    assert reasons(after(run(HOUR))) == ()


def test_a_job_may_miss_its_turn_twice_and_take_its_time() -> None:
    state = after(run(HOUR)).jobs["sweep"]
    assert limit(state) == 3 * HOUR
    assert reasons(after(run(3 * HOUR))) == ()
    assert reasons(after(run(3 * HOUR + MINUTE))) == ("sweep: last done 3h1m ago, due every 1h",)


def test_a_job_that_never_ran_has_its_time_since_the_start() -> None:
    assert reasons(after()) == ("sweep: not done once in 4h, due every 1h",)
    young = Record(NOW - HOUR, [SWEEP]).health
    assert reasons(young) == ()


def test_why_a_job_does_not_succeed_is_told() -> None:
    health = after(run(HOUR, "sts:AssumeRole: no"), began=NOW - 2 * MINUTE)
    assert reasons(health) == (
        "sweep: not done once in 4h, due every 1h; at work for 2m; failed: sts:AssumeRole: no",
    )


def test_a_failure_does_not_hide_that_it_succeeded_before() -> None:
    assert reasons(after(run(2 * HOUR), run(MINUTE, "throttled"))) == ()


def test_messages_that_waited_for_long_are_told() -> None:
    record = Record(NOW)
    record.polled(10, 0, 16 * MINUTE)
    assert reasons(record.health) == ("queue: what is taken off it has waited for 16m",)
    record.polled(0, 0, timedelta())
    assert reasons(record.health) == ()


def test_policies_that_do_not_hold_are_told() -> None:
    found = reasons(Record(NOW).health, Policies(("a.yaml:1:1: no",), ("there is no OU /X",)))
    assert found == (
        "policies: a.yaml:1:1: no; the last good ones hold",
        "policies do not fit the organization: there is no OU /X",
    )


def test_a_clock_that_was_put_back_makes_no_negative_duration() -> None:
    health = after(Run("sweep", NOW, NOW - HOUR))
    assert health.jobs["sweep"].seconds == 0


def test_what_nobody_expects_is_not_recorded() -> None:
    record = Record(NOW)
    record.began("other", NOW)
    record.ended(Run("other", NOW, NOW))
    assert record.health.jobs == {}


def test_on_a_fast_clock_no_job_is_due_more_often_than_it_can_run() -> None:
    (reload,) = duties({"reload": timedelta(seconds=10)}, HOUR, 0.01)
    assert (reload.every, reload.patience) == (timedelta(seconds=100), 100 * MINUTE)


@pytest.mark.parametrize(
    ("error", "result"),
    [(None, "done"), (Unavailable("it is\nnot there"), "failed"), (KeyError("x"), "crashed")],
    ids=["well", "an outage", "a bug"],
)
def test_a_job_is_recorded_however_it_ends(
    error: Exception | None, result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def sweep() -> None:
        assert record.health.jobs["sweep"].began == NOW
        if error:
            raise error

    record = Record(NOW, [SWEEP])
    guarded(sweep, record, lambda: NOW)()
    capsys.readouterr()
    state = record.health.jobs["sweep"]
    assert (state.began, state.results) == (None, {result: 1})
    assert (state.succeeded == NOW) is (error is None)
    assert state.last is not None
    assert "\n" not in state.last.failure


def outcome(result: Result = Result.STOPPED, **changed: object) -> Outcome:
    facts: Document = {"worker_type": "G.1X", "workers": 5, "idle_timeout": 60}
    made = Outcome(result, "glue-session", "s", TARGET, "p", NOW, By.EVENT, facts=facts)
    return replace(made, **changed)  # type: ignore[arg-type]


def full() -> Scene:
    """A scene in which every metric has a value."""
    record = Record(NOW - HOUR, [SWEEP])
    record.ended(run(MINUTE))
    record.ended(run(MINUTE, "no"))
    record.swept(SweepFigures(9, 18, 100, 3, 4, 1, 2))
    record.planned(Rollout({"current": 30, "outdated": 1, "inoperable": 0}, 2, held=True))
    record.measured(Depths(4, 1))
    record.polled(7, 2, 5 * MINUTE)
    told = [
        outcome(),
        outcome(Result.KEPT),
        outcome(by=By.SWEEP),
        outcome(kind="<script>", id="x"),
    ]
    record.learned(heard(told, load_prices(None)), [Finding(About.DRIFT, "s", "r", NOW, TARGET)])
    calls = {("glue", "ok"): 5, ("glue", "throttled"): 2}
    return Scene(record.health, calls, governed=9, ungoverned=3, reasons=1)


def samples(scene: Scene) -> Iterator[tuple[str, dict[str, str], float]]:
    text = exposition(scene).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(name: str, **labels: str) -> float:
    (found,) = [v for n, have, v in samples(full()) if (n, have) == (name, labels)]
    return found


def test_jobs_are_metrics() -> None:
    assert value("guardian_job_runs_total", job="sweep", result="done") == 1
    assert value("guardian_job_runs_total", job="sweep", result="failed") == 1
    assert value("guardian_job_runs_total", job="sweep", result="crashed") == 0
    assert value("guardian_job_consecutive_failures", job="sweep") == 1
    assert value("guardian_job_duration_seconds_sum", job="sweep") == 120
    assert value("guardian_job_duration_seconds_bucket", job="sweep", le="10.0") == 0
    assert value("guardian_job_duration_seconds_bucket", job="sweep", le="60.0") == 2
    assert value("guardian_job_duration_seconds_count", job="sweep") == 2
    last = (NOW - MINUTE).timestamp()
    assert value("guardian_job_last_success_timestamp_seconds", job="sweep") == last


def test_outcomes_and_money_are_metrics() -> None:
    glue = {"kind": "glue-session"}
    assert value("guardian_outcomes_total", **glue, result="stopped", by="event") == 1
    assert value("guardian_outcomes_total", **glue, result="kept", by="event") == 1
    assert value("guardian_missed_total", **glue) == 1
    assert value("guardian_avoided_cost_usd_total", **glue) > 0
    assert value("guardian_findings_total", about="drift") == 1


def test_a_kind_that_guardian_does_not_know_is_other() -> None:
    assert value("guardian_outcomes_total", kind="other", result="stopped", by="event") == 1
    assert value("guardian_avoided_cost_unknown_total") == 1
    assert b"script" not in exposition(full())


def test_calls_queue_sweep_and_rollout_are_metrics() -> None:
    assert value("guardian_aws_calls_total", service="glue", result="throttled") == 2
    assert value("guardian_queue_message_age_seconds") == 300
    assert value("guardian_queue_unreadable_total") == 2
    assert value("guardian_queue_depth") == 4
    assert value("guardian_queue_unreadable_depth") == 1
    assert value("guardian_sweep_troubles") == 1
    assert value("guardian_stack_instances", status="current") == 30
    assert value("guardian_accounts", governed="no") == 3
    assert value("guardian_plan_held") == 1
    assert value("guardian_ready") == 0


def test_every_metric_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    suffix = re.compile(r"_(bucket|count|sum|created)$")
    told = {suffix.sub("", name) for name, _, _ in samples(full())}
    assert [name for name in sorted(told) if f"`{name}`" not in page] == []


def test_no_account_is_a_label() -> None:
    assert ACCOUNT.encode() not in exposition(full())


def test_a_daemon_that_has_just_begun_has_metrics_too() -> None:
    names = {name for name, _, _ in samples(Scene(Record(NOW).health, {}, 0, 0, 0))}
    assert "guardian_ready" in names
    assert "guardian_sweep_seen" not in names


def test_counts_add_up() -> None:
    one, two = heard([outcome()], load_prices(None)), heard([outcome()] * 2, load_prices(None))
    both = one.and_(two)
    assert both.outcomes == {("glue-session", Result.STOPPED, By.EVENT): 3}
    assert both.avoided["glue-session"] == 3 * one.avoided["glue-session"] > Decimal(0)


def test_the_newest_are_shown_and_the_oldest_forgotten() -> None:
    record = Record(NOW)
    record.seen([outcome(id=str(n), at=NOW + n * MINUTE) for n in range(60)], [])
    record.seen([outcome(id="late", at=NOW)], [])
    assert [o.id for o in record.health.recent[:2]] == ["59", "58"]
    assert len(record.health.recent) == 50
