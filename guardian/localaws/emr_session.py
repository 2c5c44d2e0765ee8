"""The life of one Spark Connect session: its states follow from its work and its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from guardian.localaws.lifecycle import History, Stage

SUBMITTED_TAKES = timedelta(seconds=2)
STARTING_TAKES = timedelta(seconds=20)
STARTED_TAKES = timedelta(seconds=1)
TERMINATING_TAKES = timedelta(seconds=5)
USABLE = ("STARTED", "IDLE", "BUSY")
ENDING = ("TERMINATING", "TERMINATED")
REASONS = {
    "SUBMITTED": "Session is submitted.",
    "STARTING": "Session is starting.",
    "STARTED": "Session is started.",
    "IDLE": "Session is idle.",
    "BUSY": "Session is running a query.",
}
KEPT = ("Name", "ExecutionRoleArn", "EngineConfigurations", "MonitoringConfiguration", "Tags")
DATES = {
    "created": "CreatedAt",
    "updated": "UpdatedAt",
    "started": "StartedAt",
    "ended": "EndedAt",
    "idle": "IdleSince",
}
NUMBERS = count(1)


@dataclass(frozen=True)
class Work:
    """What a client had a session do, from when to when."""

    start: datetime
    end: datetime


@dataclass
class SessionLife:
    """When a session was asked for, when its host could take it, and what became of it.

    `longest` is how long it may last, busy or not, from when it was started; None: for ever.
    """

    submitted: datetime
    admitted: datetime
    idle_timeout: timedelta
    longest: timedelta | None = None
    work: list[Work] = field(default_factory=list)
    terminated: datetime | None = None
    number: int = field(default_factory=lambda: next(NUMBERS))

    @property
    def started(self) -> datetime:
        """When clients can use it, or could have."""
        return self.admitted + SUBMITTED_TAKES + STARTING_TAKES

    def history(self, host_ends: datetime | None = None) -> History:
        """Every stage that was and, if nobody does anything, will be."""
        stages = [
            Stage(self.submitted, "SUBMITTED"),
            Stage(self.admitted + SUBMITTED_TAKES, "STARTING"),
            Stage(self.started, "STARTED"),
            Stage(self.started + STARTED_TAKES, "IDLE"),
        ]
        for work in self.work:
            stages = [stage for stage in stages if stage.at < work.start]
            stages += Stage(work.start, "BUSY"), Stage(work.end, "IDLE")
        end, _ = self._end(host_ends)
        ending = Stage(end, "TERMINATING"), Stage(end + TERMINATING_TAKES, "TERMINATED")
        return History((*(stage for stage in stages if stage.at < end), *ending))

    def state(self, now: datetime, host_ends: datetime | None = None) -> str:
        return self.history(host_ends).at(now).state

    def reason(self, now: datetime, host_ends: datetime | None = None) -> str:
        """Why it is in its state; the words are local AWS's own."""
        state = self.state(now, host_ends)
        return REASONS.get(state) or self._end(host_ends)[1]

    def _end(self, host_ends: datetime | None) -> tuple[datetime, str]:
        idle = max([self.started + STARTED_TAKES, *(work.end for work in self.work)])
        ends = [(idle + self.idle_timeout, "Session reached its idle timeout.")]
        if self.longest is not None:
            ends.append((self.started + self.longest, "Session reached its longest duration."))
        if self.terminated is not None:
            ends.append((self.terminated, "Session was terminated by a user."))
        if host_ends is not None:
            ends.append((host_ends, "The cluster of the session is terminating."))
        return min(ends)

    def terminate(self, now: datetime) -> None:
        """Begin to terminate."""
        self.terminated = now

    def run(self, now: datetime, seconds: float) -> datetime:
        """Be busy for `seconds` from now; answers until when. What it does already goes on."""
        last = self.work[-1] if self.work else None
        end = now + timedelta(seconds=seconds)
        if last is not None and last.end >= now:
            self.work[-1] = Work(last.start, max(last.end, end))
        else:
            self.work.append(Work(now, end))
        return self.work[-1].end

    def is_busy(self, at: datetime) -> bool:
        return self.history().at(at).state == "BUSY"

    def last_work_ends(self) -> datetime | None:
        """When its last work ended or will, cut short by its own end."""
        if not self.work:
            return None
        end = self.history().first("TERMINATING")
        return self.work[-1].end if end is None else min(self.work[-1].end, end)

    def dates(self, now: datetime, host_ends: datetime | None = None) -> dict[str, datetime]:
        """`created`, `updated`, and as far as it came `started`, `ended` and last `idle`."""
        history = self.history(host_ends)
        begun = {stage.state: stage.at for stage in history.stages if stage.at <= now}
        names = {"started": "STARTED", "ended": "TERMINATED", "idle": "IDLE"}
        found = {name: begun[state] for name, state in names.items() if state in begun}
        return {"created": self.submitted, "updated": history.at(now).at, **found}


def seconds_of(asked: Any) -> float:
    """The `seconds` of a request to make a session busy; raises ValueError without any."""
    seconds = asked.get("seconds") if isinstance(asked, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise ValueError('say {"session": "…", "seconds": 60}, in local time and above 0')
    return float(seconds)


@dataclass
class ClusterSession:
    """One session of an EMR cluster, as StartSession was asked for it."""

    id: str
    arn: str
    account: str
    cluster_id: str
    release_label: str
    request: Mapping[str, Any]
    life: SessionLife

    def describe(self, now: datetime, cluster_ends: datetime | None) -> dict[str, Any]:
        """The session as GetSession answers it; `cluster_ends` is when its cluster does."""
        dates = self.life.dates(now, cluster_ends)
        return {
            **{name: self.request[name] for name in KEPT if name in self.request},
            "Id": self.id,
            "ClusterId": self.cluster_id,
            "Arn": self.arn,
            "AccountId": self.account,
            "ReleaseLabel": self.release_label,
            "State": self.life.state(now, cluster_ends),
            "StateChangeReason": self.life.reason(now, cluster_ends),
            "SessionIdleTimeoutInMinutes": self.life.idle_timeout // timedelta(minutes=1),
            **{DATES[name]: moment for name, moment in dates.items()},
        }
