"""One Spark session of Athena: its states follow from its start, its calculations and its end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from moto.core.exceptions import JsonRESTError

from guardian.localaws.lifecycle import History, Stage

CREATING_TAKES = timedelta(seconds=5)
STARTING_TAKES = timedelta(seconds=15)  # from CREATED until it is IDLE
TERMINATING_TAKES = timedelta(seconds=10)
QUEUING_TAKES = timedelta(seconds=1)
DEFAULT_IDLE_MINUTES = 20
ENDING = ("TERMINATING", "TERMINATED")
ACTIVE = ("CREATING", "CREATED", "IDLE", "BUSY")
OVER = ("COMPLETED", "CANCELED")
COPIED = ("Description", "EngineConfiguration", "NotebookVersion", "MonitoringConfiguration")


class InvalidRequest(JsonRESTError):
    """Something is wrong with what was asked, or it cannot be done now."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


class ResourceNotFound(JsonRESTError):
    """There is no such session, calculation or workgroup."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("ResourceNotFoundException", message)


@dataclass
class Calculation:
    """Code handed to a session. It is not run: it only takes as long as it says it sleeps."""

    session_id: str
    code: str
    description: str | None
    history: History
    id: str = field(default_factory=lambda: str(uuid4()))

    @classmethod
    def start(
        cls, session_id: str, code: str, description: str | None, now: datetime
    ) -> "Calculation":
        begins = now + QUEUING_TAKES
        stages = (
            Stage(now, "CREATING"),
            Stage(begins, "RUNNING"),
            Stage(begins + _duration(code), "COMPLETED"),
        )
        return cls(session_id, code, description, History(stages))

    @property
    def began(self) -> datetime:
        return self.history.stages[0].at

    @property
    def ended(self) -> datetime:
        """When it ended or, if nobody does anything, will end."""
        return self.history.stages[-1].at

    def cancel(self, now: datetime) -> None:
        """End at once; nothing happens when it is over."""
        if self.history.at(now).state not in OVER:
            self.history = self.history.replan(now, Stage(now, "CANCELED"))

    def status(self, now: datetime) -> dict[str, Any]:
        state = self.history.at(now).state
        status = {"SubmissionDateTime": self.began, "State": state}
        return status | ({"CompletionDateTime": self.ended} if state in OVER else {})

    def summary(self, now: datetime) -> dict[str, Any]:
        """The calculation as ListCalculationExecutions answers it."""
        described = {"Description": self.description} if self.description else {}
        return {"CalculationExecutionId": self.id, "Status": self.status(now)} | described


@dataclass
class SparkSession:
    """A session as StartSession was asked for it, and what became of it."""

    arn: str
    request: Mapping[str, Any]
    engine: Mapping[str, str]
    created: datetime
    calculations: list[Calculation] = field(default_factory=list)
    terminated: datetime | None = None

    @property
    def id(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def work_group(self) -> str:
        return str(self.request["WorkGroup"])

    @property
    def idle_timeout(self) -> timedelta:
        minutes = self.request.get("SessionIdleTimeoutInMinutes", DEFAULT_IDLE_MINUTES)
        return timedelta(minutes=minutes)

    def history(self) -> History:
        """Every stage that was and, if nobody does anything, will be."""
        created = self.created + CREATING_TAKES
        stages = [
            Stage(self.created, "CREATING"),
            Stage(created, "CREATED"),
            Stage(created + STARTING_TAKES, "IDLE"),
        ]
        for calculation in self.calculations:
            stages += [Stage(calculation.began, "BUSY"), Stage(calculation.ended, "IDLE")]
        end = self.terminated or stages[-1].at + self.idle_timeout
        ending = Stage(end, "TERMINATING"), Stage(end + TERMINATING_TAKES, "TERMINATED")
        return History((*(stage for stage in stages if stage.at < end), *ending))

    def state(self, now: datetime) -> str:
        return self.history().at(now).state

    def terminate(self, now: datetime) -> None:
        """Begin to terminate and end what it calculates; nothing happens when that has begun."""
        if self.state(now) in ENDING:
            return
        for calculation in self.calculations:
            calculation.cancel(now)
        self.terminated = now

    def calculate(self, code: str, description: str | None, now: datetime) -> Calculation:
        """Begin a calculation. Raises InvalidRequest unless the session is idle."""
        state = self.state(now)
        if state != "IDLE":
            raise InvalidRequest(
                f"Session is in the {state} state; must be IDLE to accept Calculations."
            )
        calculation = Calculation.start(self.id, code, description, now)
        self.calculations.append(calculation)
        return calculation

    def status(self, now: datetime) -> dict[str, Any]:
        """Its SessionStatus; `IdleSinceDateTime` only while it is idle."""
        history = self.history()
        stage = history.at(now)
        status = {
            "StartDateTime": self.created,
            "LastModifiedDateTime": stage.at,
            "State": stage.state,
        }
        if stage.state == "IDLE":
            status["IdleSinceDateTime"] = stage.at
        if stage.state == "TERMINATED":
            status["EndDateTime"] = stage.at
        if stage.state in ENDING and self.terminated is None:
            status["StateChangeReason"] = "Session was idle for too long."
        return status

    def summary(self, now: datetime) -> dict[str, Any]:
        """The session as ListSessions answers it."""
        known = {
            k: self.request[k] for k in ("Description", "NotebookVersion") if k in self.request
        }
        status = self.status(now)
        return known | {"SessionId": self.id, "EngineVersion": self.engine, "Status": status}

    def describe(self, now: datetime) -> dict[str, Any]:
        """The session as GetSession answers it."""
        seconds = int(self.idle_timeout.total_seconds())
        configuration = {
            "IdleTimeoutSeconds": seconds,
            "SessionIdleTimeoutInMinutes": seconds // 60,
        }
        if "ExecutionRole" in self.request:
            configuration["ExecutionRole"] = self.request["ExecutionRole"]
        return {
            **{key: self.request[key] for key in COPIED if key in self.request},
            "SessionId": self.id,
            "WorkGroup": self.work_group,
            "EngineVersion": self.engine["EffectiveEngineVersion"],
            "SessionConfiguration": configuration,
            "Status": self.status(now),
            "Statistics": {"DpuExecutionInMillis": self._dpu_milliseconds(now)},
        }

    def _dpu_milliseconds(self, now: datetime) -> int:
        """One DPU, the coordinator's, for as long as it is up; executors are not simulated."""
        history = self.history()
        up = history.first("CREATED")
        until = min(now, history.first("TERMINATED") or now)
        return max(0, int((until - up).total_seconds() * 1000)) if up else 0


def _duration(code: str) -> timedelta:
    seconds = sum(float(sleep) for sleep in re.findall(r"sleep\((\d+(?:\.\d+)?)\)", code))
    return timedelta(seconds=max(seconds, 1.0))
