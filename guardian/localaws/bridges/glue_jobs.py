"""Runs of Glue jobs: they start, run until they are done, stopped or out of time, and end."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.responses import ActionResult
from moto.glue import urls
from moto.glue.exceptions import (
    AlreadyExistsException,
    ConcurrentRunsExceededException,
    GlueClientError,
    GSRInvalidInputException,
    JobNotFoundException,
    JobRunNotFoundException,
)
from moto.glue.models import FakeJob

from guardian.localaws.bridges.glue import DPU, GlueSessions
from guardian.localaws.bus import BusAddress
from guardian.localaws.lifecycle import Agenda, Announcer, History, Stage
from guardian.localaws.world import World

STARTING_TAKES = timedelta(seconds=10)
STOPPING_TAKES = timedelta(seconds=10)
TIMEOUT_MINUTES = 2880
TIMEOUT_MINUTES_FROM_GLUE_5 = 480
MAX_TIMEOUT_MINUTES = 7 * 24 * 60
DEFAULT_DPU = 10.0
PYTHON_SHELL_DPU = 0.0625
DETAIL_TYPE = "Glue Job State Change"
STOPPABLE = ("STARTING", "RUNNING")
LIVE = (*STOPPABLE, "STOPPING")
# AWS announces the end of a run only, with this severity and message.
ANNOUNCED = {
    "SUCCEEDED": ("INFO", "Job run succeeded"),
    "STOPPED": ("INFO", "Job run stopped"),
    "TIMEOUT": ("WARN", "Job run timed out"),
}
PAGE = 100
MAX_PAGE = 200
MAX_STOPPED = 25


@dataclass
class JobRun:
    """A run as it was asked for, with the job's own settings filled in. Nothing is run."""

    id: str
    job: FakeJob
    request: Mapping[str, Any]
    history: History

    @classmethod
    def start(cls, job: FakeJob, request: Mapping[str, Any], now: datetime) -> "JobRun":
        running = now + STARTING_TAKES
        run = cls(f"jr_{uuid4().hex}{uuid4().hex}", job, request, History(()))
        stages = Stage(now, "STARTING"), Stage(running, "RUNNING"), run.end(running)
        run.history = History(stages)
        return run

    def end(self, running: datetime) -> Stage:
        """How it ends if nobody stops it: after `--sleep` seconds, at the latest by timeout."""
        limit = Stage(running + timedelta(minutes=self.timeout), "TIMEOUT")
        if "--sleep" not in self.arguments:
            return limit
        return min(Stage(running + _seconds(self.arguments["--sleep"]), "SUCCEEDED"), limit)

    @property
    def arguments(self) -> dict[str, str]:
        job = self.job
        fixed = job.non_overridable_arguments or {}
        return job.default_arguments | (self.request.get("Arguments") or {}) | fixed

    @property
    def timeout(self) -> int:
        """Minutes it may run."""
        major = (self.job.glue_version or "0").partition(".")[0]
        usual = TIMEOUT_MINUTES if int(major) < 5 else TIMEOUT_MINUTES_FROM_GLUE_5  # noqa: PLR2004 - Glue 5
        return int(self.request.get("Timeout") or self.job.timeout or usual)

    @property
    def capacity(self) -> float:
        """Data processing units it holds."""
        workers = self._setting("NumberOfWorkers", self.job.number_of_workers)
        kind = self._setting("WorkerType", self.job.worker_type)
        if workers and kind:
            return float(workers * DPU.get(kind, 1))
        shell = self.job.command.get("Name") == "pythonshell"
        usual = PYTHON_SHELL_DPU if shell else DEFAULT_DPU
        return float(self._setting("MaxCapacity", self.job.max_capacity) or usual)

    def _setting(self, name: str, of_job: Any) -> Any:
        return self.request.get(name) or of_job

    def stop(self, now: datetime) -> bool:
        """Begin to stop; False, and nothing happens, unless it is starting or running."""
        if self.history.at(now).state not in STOPPABLE:
            return False
        stages = Stage(now, "STOPPING"), Stage(now + STOPPING_TAKES, "STOPPED")
        self.history = self.history.replan(now, *stages)
        return True

    def describe(self, now: datetime) -> dict[str, Any]:
        """The run as GetJobRun answers it."""
        stage = self.history.at(now)
        seconds = int((self._consumed_until(now) - self._began).total_seconds())
        execution_class = self._setting("ExecutionClass", self.job.execution_class)
        described = {
            "Id": self.id,
            "Attempt": 0,
            "PreviousRunId": self.request.get("JobRunId"),
            "JobName": self.job.name,
            "StartedOn": self.history.stages[0].at,
            "LastModifiedOn": stage.at,
            "JobRunState": stage.state,
            "Arguments": self.arguments,
            "PredecessorRuns": [],
            "AllocatedCapacity": int(self.capacity),
            "ExecutionTime": max(seconds, 0),
            "Timeout": self.timeout,
            "MaxCapacity": self.capacity,
            "WorkerType": self._setting("WorkerType", self.job.worker_type),
            "NumberOfWorkers": self._setting("NumberOfWorkers", self.job.number_of_workers),
            "LogGroupName": "/aws-glue/jobs",
            "GlueVersion": self.job.glue_version,
            "ExecutionClass": execution_class,
        }
        if stage.state in ANNOUNCED:
            described["CompletedOn"] = stage.at
        if execution_class == "FLEX":
            described["DPUSeconds"] = max(seconds, 0) * self.capacity
        return {key: value for key, value in described.items() if value is not None}

    @property
    def _began(self) -> datetime:
        return self.history.stages[0].at + STARTING_TAKES

    def _consumed_until(self, now: datetime) -> datetime:
        return min(now, self.history.first(*ANNOUNCED) or now)


class GlueJobs(GlueSessions):
    """Answers the calls about runs, and what moto lets pass about jobs."""

    agenda: ClassVar[Agenda]
    announcers: ClassVar[dict[str, Announcer]] = {}

    def create_job(self) -> ActionResult:
        if self.parameters["Name"] in self.glue_backend.jobs:
            raise AlreadyExistsException("Job")
        _check_timeout(self.parameters)
        return super().create_job()

    def delete_job(self) -> ActionResult:
        job = self.glue_backend.jobs.get(self.parameters["JobName"])
        if job is not None:  # a job that does not exist is deleted all the same
            self.glue_backend.tagger.delete_all_tags_for_resource(job.arn)
        return super().delete_job()

    def start_job_run(self) -> ActionResult:
        request = self.parameters
        if request.get("AllocatedCapacity") and request.get("MaxCapacity"):
            raise GSRInvalidInputException("Please set only Allocated Capacity or Max Capacity")
        _check_timeout(request)
        job = self.glue_backend.get_job(request["JobName"])
        live = [run for run in job.job_runs if run.history.at(self.now).state in LIVE]
        if len(live) >= job.execution_property.get("MaxConcurrentRuns", 1):
            raise ConcurrentRunsExceededException("Concurrent runs exceeded for " + job.name)
        run = JobRun.start(job, request, self.now)
        job.job_runs.append(run)
        self._announce(run)
        return ActionResult({"JobRunId": run.id})

    def get_job_run(self) -> ActionResult:
        name, run_id = self.parameters["JobName"], self.parameters["RunId"]
        run = _run(self.glue_backend.get_job(name), run_id)
        if run is None:
            raise JobRunNotFoundException(run_id)
        return ActionResult({"JobRun": run.describe(self.now)})

    def get_job_runs(self) -> ActionResult:
        job = self.glue_backend.get_job(self.parameters["JobName"])
        page, more = _newest(job.job_runs, self.parameters)
        return ActionResult({"JobRuns": [run.describe(self.now) for run in page]} | more)

    def batch_stop_job_run(self) -> ActionResult:
        name, ids = self.parameters["JobName"], self.parameters["JobRunIds"]
        if not 1 <= len(ids) <= MAX_STOPPED:
            raise GlueClientError("ValidationException", f"JobRunIds must be 1 to {MAX_STOPPED}")
        job = self.glue_backend.jobs.get(name)
        errors = {run_id: self._stop(job, run_id) for run_id in ids}
        return ActionResult(
            {
                "SuccessfulSubmissions": [
                    {"JobName": name, "JobRunId": run_id}
                    for run_id, error in errors.items()
                    if error is None
                ],
                "Errors": [
                    {"JobName": name, "JobRunId": run_id, "ErrorDetail": error}
                    for run_id, error in errors.items()
                    if error is not None
                ],
            }
        )

    def _stop(self, job: FakeJob | None, run_id: str) -> dict[str, str] | None:
        """Stop a run; what AWS says when that cannot be."""
        run = job and _run(job, run_id)
        if run is None:
            return _error("EntityNotFoundException", f"Job run {run_id} not found.")
        if not run.stop(self.now):
            message = "Job Run cannot be stopped in current state."
            return _error("JobRunCannotBeStoppedException", message)
        self._announce(run)
        return None

    def _announce(self, run: JobRun) -> None:
        world, backend = self.world, run.job.backend

        def say(stage: Stage) -> None:
            severity, message = ANNOUNCED[stage.state]
            detail = {
                "jobName": run.job.name,
                "severity": severity,
                "state": stage.state,
                "jobRunId": run.id,
                "message": message,
            }
            bus = BusAddress(backend.account_id, backend.region_name)
            world.bus.emit(bus, "aws.glue", DETAIL_TYPE, detail)

        announcer = self.announcers.setdefault(run.id, Announcer(self.agenda, say))
        announcer.follow(stage for stage in run.history.stages if stage.state in ANNOUNCED)

    def _require_tagged_session(self) -> None:
        super()._require_tagged_session()
        _, is_job, name = self.parameters["ResourceArn"].partition(":job/")
        if is_job and name not in self.glue_backend.jobs:
            raise JobNotFoundException(name)


def install(world: World) -> None:
    """Answer for job runs instead of moto; sessions are answered for as before."""
    GlueJobs.world = world
    GlueJobs.agenda = Agenda(world.clock)
    world.on_reset(GlueJobs.agenda.clear)
    world.on_reset(GlueJobs.announcers.clear)
    urls.url_paths = dict.fromkeys(urls.url_paths, GlueJobs.dispatch)


def _run(job: FakeJob, run_id: str) -> JobRun | None:
    return next((run for run in job.job_runs if run.id == run_id), None)


def _error(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _check_timeout(request: Mapping[str, Any]) -> None:
    timeout = request.get("Timeout")
    if timeout is not None and not 1 <= timeout <= MAX_TIMEOUT_MINUTES:
        raise GSRInvalidInputException(f"Timeout must be 1 to {MAX_TIMEOUT_MINUTES} minutes")


def _seconds(text: str) -> timedelta:
    try:
        return timedelta(seconds=float(text))
    except ValueError as error:
        raise GSRInvalidInputException("--sleep must be a number of seconds") from error


def _newest(
    runs: Sequence[JobRun], request: Mapping[str, Any]
) -> tuple[list[JobRun], dict[str, str]]:
    """A page of runs, the newest first, and the token of the next one if there is one."""
    size = request.get("MaxResults") or PAGE
    if not 1 <= size <= MAX_PAGE:
        raise GlueClientError("ValidationException", f"MaxResults must be 1 to {MAX_PAGE}")
    end = _position(request.get("NextToken"))
    start = max(0, (len(runs) if end is None else end) - size)
    token = urlsafe_b64encode(str(start).encode()).decode() if start else None
    return list(runs[start:end][::-1]), {"NextToken": token} if token else {}


def _position(token: str | None) -> int | None:
    try:
        return int(urlsafe_b64decode(token)) if token else None
    except ValueError as error:
        raise GSRInvalidInputException("Invalid NextToken") from error
