"""A schedule in which every job runs alone, and what was missed runs once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from guardian.clock import system_now

AT_ONCE = 12
"""One thread for each job and more: one that waits must hold up no other."""


class Turn:
    """When a job runs next; its interval is counted from then on. Nothing changes before it belongs to one."""

    def __init__(self) -> None:
        self._job: Job | None = None

    def belong(self, job: Job) -> None:
        self._job = job

    def within(self, seconds: float) -> None:
        """Let it run in so many real seconds, or when it is its turn anyway."""
        soon = _in(seconds)
        if self._job:
            self._set(min(soon, self._job.next_run_time or soon))

    def after(self, seconds: float) -> None:
        """Let it run in so many real seconds, and not before."""
        self._set(_in(seconds))

    def _set(self, moment: datetime) -> None:
        with suppress(JobLookupError):
            if self._job:
                self._job.modify(next_run_time=moment)


def _in(seconds: float) -> datetime:
    return system_now() + timedelta(seconds=seconds)


class Schedule:
    """One that has no jobs and does not run yet."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "job")
        executors = {"default": _Threads(self._threads)}
        self._scheduler = BackgroundScheduler(executors=executors, timezone="UTC")

    def add(
        self, turn: Turn, run: Callable[[], None], name: str, seconds: float, first: datetime
    ) -> None:
        """Run it at `first` and then again and again, so many seconds apart, give or take a little."""
        job = self._scheduler.add_job(
            run,
            IntervalTrigger(seconds=seconds, jitter=min(30.0, seconds / 10)),
            name=name,
            next_run_time=first,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        turn.belong(job)

    def start(self) -> None:
        self._scheduler.start()

    def end(self) -> None:
        """Begin nothing more, and wait for what runs."""
        # The scheduler would wait with a lock held that a job needs to change its turn.
        self._scheduler.shutdown(wait=False)
        self._threads.shutdown(wait=True, cancel_futures=True)


class _Threads(BasePoolExecutor):  # type: ignore[misc]  # it has no types
    """Runs jobs on threads that are somebody else's to wait for."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        super().__init__(threads)
