"""A run as a log entry that CloudWatch takes metrics out of (its embedded metric format). Pure.

CloudWatch is paid for by metric and dimension: there are few, and no account is a dimension.
"""

from collections.abc import Mapping
from datetime import timedelta

from guardian.documents import Document
from guardian.health.record import Health, JobState, Run

NAMESPACE = "guardian"
QUIET_BELOW = timedelta(minutes=5)
"""Of a job that runs more often than this only failures are worth a line."""


def worth_a_line(state: JobState) -> bool:
    """Whether the last run of a job is."""
    if not state.duty.metered:
        return False
    failed = state.last is not None and bool(state.last.failure)
    return failed or state.duty.every >= QUIET_BELOW


def entry(run: Run, health: Health) -> Document:
    """The fields of the log entry; `health` is that after the run."""
    figures = {"JobDuration": run.seconds, "JobFailures": float(bool(run.failure))}
    if not run.failure:
        figures |= _figures(run.job, health)
    metrics = [{"Name": name, "Unit": _unit(name)} for name in figures]
    return {
        "job": run.job,
        "result": run.result,
        **figures,
        "_aws": {
            "Timestamp": int(run.ended.timestamp() * 1000),
            "CloudWatchMetrics": [
                {"Namespace": NAMESPACE, "Dimensions": [["job"]], "Metrics": metrics}
            ],
        },
    }


def _figures(job: str, health: Health) -> Mapping[str, float]:
    swept, rollout = health.sweep, health.rollout
    if job == "sweep" and swept:
        return {
            "SweepSeen": swept.seen,
            "SweepStopped": swept.stopped,
            "SweepTroubles": swept.troubles,
        }
    if job == "reconcile" and rollout:
        return {"PlanChanges": rollout.changes, "PlanHeld": float(rollout.held)}
    return {}


def _unit(name: str) -> str:
    return "Seconds" if name == "JobDuration" else "Count"
