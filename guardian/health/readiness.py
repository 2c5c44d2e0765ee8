"""Whether guardian does its work, and in words why not. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from guardian.health.record import Health, JobState
from guardian.policy.durations import spoken

MISSES = 2
"""So many intervals may pass without a success."""
OLD_MESSAGES = timedelta(minutes=15)


@dataclass(frozen=True)
class Policies:
    """What is known of the policy files: `broken` are the problems of files that do not hold."""

    broken: tuple[str, ...] = ()
    misfit: tuple[str, ...] = ()


def unready(health: Health, policies: Policies, now: datetime) -> tuple[str, ...]:
    """Why guardian is not ready; empty where it is."""
    return (*_stale_jobs(health, now), *_queue(health), *_policies(policies))


def limit(state: JobState) -> timedelta:
    """How long ago the last success may be."""
    return MISSES * state.duty.every + state.duty.patience


def stale(state: JobState, since: datetime, now: datetime) -> bool:
    """Whether a job has not succeeded for too long; one that never did has had its time since the start."""
    return now - (state.succeeded or since) > limit(state)


def _stale_jobs(health: Health, now: datetime) -> Iterator[str]:
    for job, state in sorted(health.jobs.items()):
        if not stale(state, health.since, now):
            continue
        ago = whole(now - (state.succeeded or health.since))
        last = f"last done {ago} ago" if state.succeeded else f"not done once in {ago}"
        said = f"{job}: {last}, due every {spoken(state.duty.every)}"
        if state.began:
            said += f"; at work for {whole(now - state.began)}"
        if state.last and state.last.failure:
            said += f"; {state.last.result}: {state.last.failure}"
        yield said


def _queue(health: Health) -> Iterator[str]:
    age = health.queue_age
    if age is not None and age > OLD_MESSAGES:
        yield f"queue: what is taken off it has waited for {whole(age)}"


def _policies(policies: Policies) -> Iterator[str]:
    for problem in policies.broken:
        yield f"policies: {problem}; the last good ones hold"
    for problem in policies.misfit:
        yield f"policies do not fit the organization: {problem}"


def whole(span: timedelta) -> str:
    """A span in whole seconds, and in whole minutes where it is an hour and more."""
    seconds = max(0, int(span.total_seconds()))
    return spoken(timedelta(seconds=seconds - seconds % 60 if seconds >= 3600 else seconds))  # noqa: PLR2004
