"""Runs jobs so that their health is known: when they ran, how long, and what went wrong."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import wraps
from uuid import uuid4

import structlog
from structlog.contextvars import bound_contextvars

from guardian.clock import Clock
from guardian.errors import GuardianError, Superseded
from guardian.health.emf import entry, worth_a_line
from guardian.health.record import Duty, Record, Rollout, Run, SweepFigures
from guardian.jobs.collect import Collected
from guardian.jobs.reconcile import Reconciliation
from guardian.jobs.sweep import Swept
from guardian.outcome import Result
from guardian.plan import InstanceStatus
from guardian.ports import Acting

LONG, SHORT = timedelta(hours=2), timedelta(minutes=15)
"""How long a run may take that changes stacks, and one that does not."""
LONGEST_REASON = 300

log = structlog.get_logger("guardian")


def duties(
    jobs: Mapping[str, timedelta], sweep_deadline: timedelta, scale: float
) -> Iterator[Duty]:
    """What is expected of jobs that run so often.

    On a fast clock none runs more often than once in a real second, and each may take a real minute. CloudWatch takes
    no metrics of moments that are not real.
    """
    patience = {"reconcile": LONG, "drift": LONG, "detect": LONG, "sweep": sweep_deadline + SHORT}
    for job, every in jobs.items():
        yield Duty(
            job,
            max(every, timedelta(seconds=1 / scale)),
            max(patience.get(job, SHORT), timedelta(minutes=1 / scale)),
            metered=scale == 1,
        )


class Watch:
    """Records one run of a job, which begins now. However it ends: that answers how long it is to the next."""

    def __init__(self, job: str, record: Record, clock: Clock) -> None:
        self._job, self._record, self._clock = job, record, clock
        self._began = clock()
        record.began(job, self._began)

    def done(self) -> timedelta:
        return self._ended("")

    def received(self, collected: Collected, now: datetime) -> None:
        """It was a look into the queue, and this is what was there. `now` is the system's: so the queue tells time."""
        age = now - collected.oldest if collected.oldest else timedelta()
        self._record.polled(collected.received, len(collected.unreadable), age)
        self.done()

    def failed(self, error: GuardianError, *, ending: bool = False) -> timedelta:
        """It met trouble; what broke off because guardian ends met none."""
        again = self._ended(brief(error))
        say = log.info if ending else log.warning
        say("job_failed", error=str(error), **self._row(again))
        return again

    def crashed(self, error: Exception) -> timedelta:
        """It met a bug, which is louder than an outage."""
        again = self._ended(f"a bug of guardian, see its log: {type(error).__name__}", bug=True)
        log.error("job_crashed", exc_info=error, **self._row(again))
        return again

    def _row(self, again: timedelta) -> Mapping[str, object]:
        state = self._record.health.jobs.get(self._job)
        return {
            "job": self._job,
            "in_a_row": state.failures if state else 1,
            "again_in": again.total_seconds(),
        }

    def _ended(self, failure: str, *, bug: bool = False) -> timedelta:
        run = Run(self._job, self._began, self._clock(), failure, bug)
        self._record.ended(run)
        health = self._record.health
        state = health.jobs.get(self._job)
        if state and worth_a_line(state):
            log.info("job", **entry(run, health))
        return state.again if state else timedelta()


def guarded(
    job: Callable[[], None],
    record: Record,
    clock: Clock,
    ending: Callable[[], bool] = bool,
    later: Callable[[timedelta], None] = lambda _: None,
) -> Callable[[], None]:
    """A job whose trouble is logged and recorded, and whose next run comes all the same, unless it is time to end.

    `later` is told in how much time that should be, when it failed several times in a row.
    """
    name = job.__name__

    def run() -> None:
        if ending():
            return
        with bound_contextvars(job=name, run=uuid4().hex[:12]):
            watched_run()

    def watched_run() -> None:
        watch = Watch(name, record, clock)
        every = _every(record, name)
        try:
            job()
        except GuardianError as error:
            again = watch.failed(error, ending=ending())
        except Exception as error:  # noqa: BLE001  a bug in one job must not end the others
            again = watch.crashed(error)
        else:
            again = watch.done()
        if again > every:
            later(again)

    return run


def giving_way(job: Callable[[], None], acting: Acting) -> Callable[[], None]:
    """The job, which ends the process when it finds that somebody else acts by now."""

    @wraps(job)
    def run() -> None:
        try:
            job()
        except Superseded as error:
            acting.superseded(error)

    return run


def _every(record: Record, job: str) -> timedelta:
    state = record.health.jobs.get(job)
    return state.duty.every if state else timedelta()


def brief(error: GuardianError) -> str:
    """What an error says, on one line."""
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def swept_figures(swept: Swept) -> SweepFigures:
    """A sweep in numbers."""
    return SweepFigures(
        accounts=swept.accounts,
        places=swept.places,
        seen=swept.seen,
        stopped=sum(outcome.result is Result.STOPPED for outcome in swept.outcomes),
        kept=swept.kept,
        troubles=len(swept.troubles),
        held=swept.held,
    )


def rollout_of(made: Reconciliation) -> Rollout:
    """How far a rollout is, by what a plan was made from."""
    counts = dict.fromkeys((status.value.lower() for status in InstanceStatus), 0)
    for stack_set in made.deployed:
        for instance in stack_set.instances:
            counts[instance.status.value.lower()] += 1
    return Rollout(counts, len(made.plan.changes), made.held is not None)
