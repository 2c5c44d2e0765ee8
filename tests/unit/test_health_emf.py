"""The line in the log from which CloudWatch takes metrics."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guardian.daemon.watched import duties, guarded
from guardian.errors import Unavailable
from guardian.health.emf import entry, worth_a_line
from guardian.health.record import Duty, Health, JobState, Record, Rollout, Run, SweepFigures
from guardian.logs import configure_logs

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOBS = [Duty("sweep", 60 * MINUTE, MINUTE), Duty("reload", MINUTE / 6, MINUTE)]


def health(*runs: Run) -> Health:
    record = Record(NOW, JOBS)
    record.swept(SweepFigures(9, 18, 100, 3, 4, 1, 2))
    record.planned(Rollout({"current": 30}, 2, held=True))
    for run in runs:
        record.ended(run)
    return record.health


def check(document: Any) -> None:
    """What CloudWatch wants of a log entry, as its specification has it."""
    assert isinstance(document["_aws"]["Timestamp"], int)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        assert 1 <= len(directive["Namespace"]) <= 255
        assert len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(document[name], str) for name in dimensions)
        for metric in directive["Metrics"]:
            assert isinstance(document[metric["Name"]], int | float)
            assert metric["Unit"] in {"Seconds", "Count"}


@pytest.mark.parametrize(
    ("job", "figures"),
    [
        ("sweep", {"SweepSeen": 100, "SweepStopped": 3, "SweepTroubles": 1}),
        ("reconcile", {"PlanChanges": 2, "PlanHeld": 1}),
        ("drift", {}),
    ],
)
def test_a_run_is_a_line_with_its_figures(job: str, figures: dict[str, float]) -> None:
    made: Any = entry(Run(job, NOW - MINUTE, NOW), health())
    check(made)
    assert made.items() >= {"job": job, "result": "done", "JobDuration": 60.0}.items()
    assert made.items() >= figures.items()
    assert made["JobFailures"] == 0


def test_a_failed_run_has_no_figures_of_the_one_before() -> None:
    made = entry(Run("sweep", NOW, NOW, "throttled"), health())
    check(made)
    assert made["JobFailures"] == 1
    assert "SweepSeen" not in made


def test_of_a_job_that_runs_all_the_time_only_failures_are_told() -> None:
    done, failed = Run("reload", NOW, NOW), Run("reload", NOW, NOW, "no")
    assert not worth_a_line(health(done).jobs["reload"])
    assert worth_a_line(health(failed).jobs["reload"])
    assert worth_a_line(health(Run("sweep", NOW, NOW)).jobs["sweep"])


def test_on_a_fast_clock_there_are_no_lines() -> None:
    duties_of = {"sweep": 60 * MINUTE}
    (real,), (fast,) = duties(duties_of, MINUTE, 1), duties(duties_of, MINUTE, 0.01)
    assert worth_a_line(JobState(real))
    assert not worth_a_line(JobState(fast))


def test_the_log_has_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    def sweep() -> None:
        raise Unavailable("AWS is not there")

    configure_logs()
    guarded(sweep, Record(NOW, JOBS), lambda: NOW)()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["job", "job_failed"]
    check(lines[0])
    assert lines[0]["result"] == "failed"
