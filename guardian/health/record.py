"""What the jobs report of their work. One writer at a time; what is read is a value that changes no more."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock

from guardian.health.backoff import pause
from guardian.kinds import all_kinds
from guardian.outcome import About, By, Finding, Outcome, Result

BOUNDS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
"""Seconds; upper bounds of the buckets that durations are counted in. One more holds what took longer."""
MOST_RECENT = 50
OTHER = "other"
"""Stands for a kind that this guardian does not know: what accounts report is not all of its making."""


@dataclass(frozen=True)
class Duty:
    """A job: `every` is the time between two runs, `patience` how long one may take before somebody should look.

    `metered` is whether CloudWatch may take metrics of its runs out of the log.
    """

    job: str
    every: timedelta
    patience: timedelta
    metered: bool = True


@dataclass(frozen=True)
class Run:
    """A run that has ended. `failure` is what went wrong, "" if nothing did; `bug` if nobody expected it."""

    job: str
    began: datetime
    ended: datetime
    failure: str = ""
    bug: bool = False

    @property
    def seconds(self) -> float:
        """How long it took; a clock that was put back makes that 0."""
        return max(0.0, (self.ended - self.began).total_seconds())

    @property
    def result(self) -> str:
        """One of `done`, `failed`, `crashed`."""
        return "crashed" if self.bug else "failed" if self.failure else "done"


@dataclass(frozen=True)
class JobState:
    """What a job has done since the daemon started.

    `began` is when the run under way began, None between runs; so many `failures` came in a row, up to the last run.
    """

    duty: Duty
    began: datetime | None = None
    last: Run | None = None
    succeeded: datetime | None = None
    failures: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    buckets: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)

    @property
    def again(self) -> timedelta:
        """How long it is from the last run to the next."""
        return pause(self.duty.every, self.failures)

    def after(self, run: Run) -> "JobState":
        index = bisect_left(BOUNDS, run.seconds)
        return replace(
            self,
            began=None,
            last=run,
            succeeded=self.succeeded if run.failure else run.ended,
            failures=self.failures + 1 if run.failure else 0,
            results={**self.results, run.result: self.results.get(run.result, 0) + 1},
            seconds=self.seconds + run.seconds,
            buckets=tuple(n + (i == index) for i, n in enumerate(self.buckets)),
        )


@dataclass(frozen=True)
class SweepFigures:
    """What the last whole sweep came to, in numbers."""

    accounts: int
    places: int
    seen: int
    stopped: int
    kept: int
    troubles: int
    held: int


@dataclass(frozen=True)
class Depths:
    """How many messages wait in the hub's queue, and in its dead-letter queue, None where there is none."""

    queue: int
    unreadable: int | None


@dataclass(frozen=True)
class Rollout:
    """Stack instances by AWS's status, `changes` that are left to make, and whether a brake holds them."""

    instances: Mapping[str, int]
    changes: int
    held: bool


@dataclass(frozen=True)
class Heard:
    """What the journal learned of outcomes: how many by kind, result and way, and the cost avoided by kind.

    `unpriced` counts the stopped whose cost is not known.
    """

    outcomes: Mapping[tuple[str, Result, By], int] = field(default_factory=dict)
    avoided: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0

    def and_(self, other: "Heard") -> "Heard":
        return Heard(
            dict(Counter(self.outcomes) + Counter(other.outcomes)),
            {
                kind: self.avoided.get(kind, Decimal(0)) + other.avoided.get(kind, Decimal(0))
                for kind in self.avoided.keys() | other.avoided.keys()
            },
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True)
class Health:
    """All that is known at a moment. Counts begin with the process; `since` is when that was.

    `recent` and `found` are the newest outcomes and findings, the newest first. `queue_age` is how old the oldest of
    the last messages was when it was taken off the queue, 0 after an empty answer, None before any.
    """

    since: datetime
    jobs: Mapping[str, JobState] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    findings: Mapping[About, int] = field(default_factory=dict)
    recent: tuple[Outcome, ...] = ()
    found: tuple[Finding, ...] = ()
    sweep: SweepFigures | None = None
    rollout: Rollout | None = None
    queue_age: timedelta | None = None
    depths: Depths | None = None
    messages: int = 0
    unreadable: int = 0
    paused: bool = False


def known_kind(kind: str) -> str:
    """The kind if it is one of guardian's own, `other` if not."""
    return kind if kind in all_kinds() else OTHER


class Record:
    """Where jobs report to. May be used by many threads."""

    def __init__(self, since: datetime, duties: Iterable[Duty] = ()) -> None:
        self._health = Health(since, {duty.job: JobState(duty) for duty in duties})
        self._lock = Lock()

    @property
    def health(self) -> Health:
        return self._health

    def expect(self, duties: Iterable[Duty]) -> None:
        """Know of jobs that are to run."""
        states = {duty.job: JobState(duty) for duty in duties}
        self._change(lambda h: replace(h, jobs={**states, **h.jobs}))

    def at_work(self) -> tuple[str, ...]:
        """The jobs of which a run is under way."""
        return tuple(job for job, state in self._health.jobs.items() if state.began)

    def began(self, job: str, at: datetime) -> None:
        self._job(job, lambda state: replace(state, began=at))

    def ended(self, run: Run) -> None:
        self._job(run.job, lambda state: state.after(run))

    def swept(self, figures: SweepFigures) -> None:
        self._change(lambda h: replace(h, sweep=figures))

    def planned(self, rollout: Rollout) -> None:
        self._change(lambda h: replace(h, rollout=rollout))

    def found_paused(self, paused: bool) -> None:  # noqa: FBT001  it is what was found
        self._change(lambda h: replace(h, paused=paused))

    def measured(self, depths: Depths | None) -> None:
        """So much waits in the queues; None where guardian may not look."""
        self._change(lambda h: replace(h, depths=depths))

    def polled(self, received: int, unreadable: int, age: timedelta) -> None:
        """The queue gave so many messages, of which some cannot be read; the oldest of the others is of that age."""
        self._change(
            lambda h: replace(
                h,
                messages=h.messages + received,
                unreadable=h.unreadable + unreadable,
                queue_age=max(age, timedelta()),
            )
        )

    def learned(self, heard: Heard, findings: Iterable[Finding]) -> None:
        """Count what the journal learned of."""
        counted = Counter(finding.about for finding in findings)
        self._change(
            lambda h: replace(
                h, heard=h.heard.and_(heard), findings=dict(Counter(h.findings) + counted)
            )
        )

    def seen(self, outcomes: Iterable[Outcome], findings: Iterable[Finding]) -> None:
        """Show these too, and the newest of all that were seen."""
        new, found = tuple(outcomes), tuple(findings)
        self._change(
            lambda h: replace(
                h,
                recent=tuple(sorted((*new, *h.recent), key=_at, reverse=True))[:MOST_RECENT],
                found=tuple(sorted((*found, *h.found), key=_at, reverse=True))[:MOST_RECENT],
            )
        )

    def _job(self, job: str, change: Callable[[JobState], JobState]) -> None:
        def changed(health: Health) -> Health:
            state = health.jobs.get(job)
            return replace(health, jobs={**health.jobs, job: change(state)}) if state else health

        self._change(changed)

    def _change(self, change: Callable[[Health], Health]) -> None:
        with self._lock:
            self._health = change(self._health)


def _at(entry: Outcome | Finding) -> datetime:
    return entry.at
