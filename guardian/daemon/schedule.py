"""A scheduler in which every job runs alone, and what was missed runs once."""

from collections.abc import Callable
from datetime import datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from guardian.clock import system_now

AT_ONCE = 10
"""One thread for each job and more: one that waits must hold up no other."""


def open_scheduler() -> BackgroundScheduler:
    """One that has no jobs and does not run yet."""
    return BackgroundScheduler(executors={"default": ThreadPoolExecutor(AT_ONCE)}, timezone="UTC")


def add(
    scheduler: BackgroundScheduler,
    run: Callable[[], None],
    name: str,
    seconds: float,
    first: datetime,
) -> Job:
    """Run it at `first` and then again and again, so many seconds apart, give or take a little."""
    return scheduler.add_job(
        run,
        IntervalTrigger(seconds=seconds, jitter=min(30.0, seconds / 10)),
        name=name,
        next_run_time=first,
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )


def run_now(job: Job) -> None:
    """Do not wait for its next turn."""
    job.modify(next_run_time=system_now())
