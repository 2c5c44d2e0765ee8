"""What runs on an EMR Serverless application: interactive sessions and job runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from guardian.localaws.emr_serverless_errors import Validation
from guardian.localaws.emr_session import ENDING, USABLE, SessionLife
from guardian.localaws.lifecycle import History, Stage

SCHEDULING_TAKES = timedelta(seconds=5)
LAUNCHING_TAKES = timedelta(seconds=15)
CANCELLING_TAKES = timedelta(seconds=5)
JOB_TAKES = timedelta(seconds=60)
JOB_ENDED = ("SUCCESS", "FAILED", "CANCELLED")
DEFAULT_JOB_TIMEOUT_MINUTES = 720
NUMBERS = count(1)
SESSION_MEMBERS = ("name", "executionRoleArn", "configurationOverrides")
JOB_MEMBERS = ("name", "executionIamPolicy", "jobDriver", "configurationOverrides", "retryPolicy")


@dataclass(frozen=True)
class Origin:
    """Where a resource is, who asked for it, and the words of the request."""

    id: str
    arn: str
    application_id: str
    release_label: str
    created_by: str
    request: Mapping[str, Any]

    def shared(self) -> dict[str, Any]:
        """The members that every description of it has."""
        return {
            "applicationId": self.application_id,
            "arn": self.arn,
            "releaseLabel": self.release_label,
            "createdBy": self.created_by,
        }


@dataclass
class InteractiveSession:
    """One interactive session of an application."""

    origin: Origin
    life: SessionLife
    idle_timeout_minutes: int
    tags: dict[str, str]

    @property
    def number(self) -> int:
        return self.life.number

    def state(self, now: datetime) -> str:
        return self.life.state(now)

    def ends(self) -> datetime | None:
        """When its application is rid of it."""
        return self.life.history().first("TERMINATED")

    def terminate(self, now: datetime) -> None:
        """Begin to terminate. Raises Validation when it has terminated already."""
        state = self.state(now)
        if state == "TERMINATED":
            raise Validation(f"Session {self.origin.id} is in terminal state {state}.")
        if state not in ENDING:
            self.life.terminate(now)

    def run(self, now: datetime, seconds: float) -> datetime:
        """Be busy for `seconds`; answers until when. Raises ValueError unless it is usable."""
        state = self.state(now)
        if state not in USABLE:
            raise ValueError(f"session {self.origin.id} is {state}")
        return self.life.run(now, seconds)

    def summary(self, now: datetime) -> dict[str, Any]:
        """The session as ListSessions answers it."""
        dates = self.life.dates(now)
        given = {"name": self.origin.request["name"]} if "name" in self.origin.request else {}
        return (
            self.origin.shared()
            | given
            | {
                "sessionId": self.origin.id,
                "state": self.state(now),
                "stateDetails": self.life.reason(now),
                "executionRoleArn": self.origin.request["executionRoleArn"],
                "createdAt": dates["created"],
                "updatedAt": dates["updated"],
            }
        )

    def describe(self, now: datetime) -> dict[str, Any]:
        """The session as GetSession answers it."""
        request, dates = self.origin.request, self.life.dates(now)
        described = self.summary(now) | {
            **{name: request[name] for name in SESSION_MEMBERS if name in request},
            "idleTimeoutMinutes": self.idle_timeout_minutes,
            "tags": self.tags,
        }
        if "started" in dates:
            described["startedAt"] = dates["started"]
            lasted = dates.get("ended", now) - dates["started"]
            described["totalExecutionDurationSeconds"] = int(lasted.total_seconds())
        if "ended" in dates:
            described["endedAt"] = dates["ended"]
        if described["state"] == "IDLE":
            described["idleSince"] = dates["idle"]
        return described


@dataclass
class JobRun:
    """One job run of an application. Nothing is run: it only takes its time."""

    origin: Origin
    history: History
    tags: dict[str, str]
    number: int = field(default_factory=lambda: next(NUMBERS))

    @property
    def mode(self) -> str:
        return str(self.origin.request.get("mode", "BATCH"))

    def state(self, now: datetime) -> str:
        return self.history.at(now).state

    def ends(self) -> datetime | None:
        """When its application is rid of it; None: not before it is cancelled."""
        return self.history.first(*JOB_ENDED)

    def cancel(self, now: datetime) -> None:
        """Begin to cancel it. Raises Validation when it has ended."""
        state = self.state(now)
        if state in JOB_ENDED:
            raise Validation(f"Job run {self.origin.id} is in terminal state {state}.")
        if state != "CANCELLING":
            stages = Stage(now, "CANCELLING"), Stage(now + CANCELLING_TAKES, "CANCELLED")
            self.history = self.history.replan(now, *stages)

    def summary(self, now: datetime) -> dict[str, Any]:
        """The job run as ListJobRuns answers it."""
        stage, request = self.history.at(now), self.origin.request
        given = {"name": request["name"]} if "name" in request else {}
        return (
            self.origin.shared()
            | given
            | {
                "id": self.origin.id,
                "mode": self.mode,
                "state": stage.state,
                "stateDetails": f"Job run is {stage.state}.",
                "executionRole": request["executionRoleArn"],
                "type": "Spark" if "sparkSubmit" in request.get("jobDriver", {}) else "Hive",
                "createdAt": self.history.stages[0].at,
                "updatedAt": stage.at,
            }
        )

    def describe(self, now: datetime) -> dict[str, Any]:
        """The job run as GetJobRun answers it."""
        request = self.origin.request
        described = self.summary(now) | {
            **{name: request[name] for name in JOB_MEMBERS if name in request},
            "jobRunId": self.origin.id,
            "executionTimeoutMinutes": timeout_minutes(request),
            "tags": self.tags,
        }
        started, ended = self.history.first("RUNNING"), self.ends()
        if started is not None and started <= now:
            described["startedAt"] = started
            last = now if ended is None else min(ended, now)
            described["totalExecutionDurationSeconds"] = int((last - started).total_seconds())
        if ended is not None and ended <= now:
            described["endedAt"] = ended
        return described


def job_history(request: Mapping[str, Any], now: datetime, admitted: datetime) -> History:
    """What becomes of a job run: a streaming one runs until it is cancelled or times out."""
    running = admitted + SCHEDULING_TAKES + LAUNCHING_TAKES
    stages = [
        Stage(now, "SUBMITTED"),
        Stage(admitted + SCHEDULING_TAKES, "SCHEDULED"),
        Stage(running, "RUNNING"),
    ]
    limit = timeout_minutes(request)
    timeout = running + timedelta(minutes=limit) if limit else None
    done = None if request.get("mode") == "STREAMING" else running + _duration(request)
    if done is not None and (timeout is None or done <= timeout):
        return History((*stages, Stage(done, "SUCCESS")))
    if timeout is None:
        return History(tuple(stages))
    ending = Stage(timeout, "CANCELLING"), Stage(timeout + CANCELLING_TAKES, "CANCELLED")
    return History((*stages, *ending))


def timeout_minutes(request: Mapping[str, Any]) -> int:
    """Minutes that a job run may run; 0: for ever, as streaming ones do unless told."""
    default = 0 if request.get("mode") == "STREAMING" else DEFAULT_JOB_TIMEOUT_MINUTES
    return int(request.get("executionTimeoutMinutes", default))


def _duration(request: Mapping[str, Any]) -> timedelta:
    """A job with the arguments `sleep N` takes N seconds, any other a minute."""
    args = request.get("jobDriver", {}).get("sparkSubmit", {}).get("entryPointArguments", [])
    if list(args[:1]) == ["sleep"] and len(args) > 1 and args[1].isdecimal():
        return timedelta(seconds=int(args[1]))
    return JOB_TAKES
