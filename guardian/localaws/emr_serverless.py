"""One EMR Serverless application: it starts, works, and stops by itself when left idle."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from guardian.localaws.bus import BusAddress
from guardian.localaws.clock import iso
from guardian.localaws.emr_serverless_errors import Validation
from guardian.localaws.emr_serverless_work import InteractiveSession, JobRun
from guardian.localaws.lifecycle import Agenda, Announcer, History, Stage
from guardian.localaws.world import World

CREATING_TAKES = timedelta(seconds=10)
STARTING_TAKES = timedelta(seconds=30)
STOPPING_TAKES = timedelta(seconds=20)
IDLE_MINUTES = range(1, 10_080 + 1)
DEFAULT_IDLE_MINUTES = 15
SOURCE = "aws.emr-serverless"
DETAIL_TYPE = "EMR Serverless Application State Change"
JOB_DETAIL_TYPE = "EMR Serverless Job Run State Change"
CHANGEABLE = (
    "releaseLabel",
    "initialCapacity",
    "maximumCapacity",
    "networkConfiguration",
    "architecture",
    "imageConfiguration",
    "workerTypeSpecifications",
    "runtimeConfiguration",
    "monitoringConfiguration",
    "diskEncryptionConfiguration",
    "interactiveConfiguration",
    "schedulerConfiguration",
    "identityCenterConfiguration",
    "jobLevelCostAllocationConfiguration",
    "autoStartConfiguration",
    "autoStopConfiguration",
)
RELEASE = re.compile(
    r"emr-(?P<spark>spark-)?(?P<major>\d)\.(?P<minor>\d{1,2})\.\d{1,2}(-(\d{8}|latest))?"
)
FIRST_WITH_SESSIONS = (7, 13)
NUMBERS = count(1)


class Application:
    """An application, and the sessions and job runs that keep it from stopping."""

    def __init__(self, world: World, agenda: Agenda, arn: str, request: Mapping[str, Any]) -> None:
        check(request)
        now = world.clock.now()
        self.arn = arn
        self.id = arn.rpartition("/")[2]
        self.number = next(NUMBERS)
        self.asked = request
        self.request = dict(request)
        self.tags: dict[str, str] = dict(request.get("tags") or {})
        self.sessions: dict[str, InteractiveSession] = {}
        self.job_runs: dict[str, JobRun] = {}
        self._job_news: dict[str, Announcer] = {}
        self._updated = now
        self._world = world
        self._agenda = agenda
        self._announcer = Announcer(agenda, self._announce)
        self._enter(now, "CREATING", CREATING_TAKES, "CREATED")

    def state(self, now: datetime) -> str:
        return self._history.at(now).state

    @property
    def auto_stop(self) -> dict[str, Any]:
        given = self.request.get("autoStopConfiguration") or {}
        return {"enabled": True, "idleTimeoutMinutes": DEFAULT_IDLE_MINUTES, **given}

    @property
    def auto_start(self) -> dict[str, Any]:
        return {"enabled": True, **(self.request.get("autoStartConfiguration") or {})}

    @property
    def takes_sessions(self) -> bool:
        """Whether interactive sessions are enabled, and its release and engine have them."""
        interactive = self.request.get("interactiveConfiguration") or {}
        return bool(
            interactive.get("sessionEnabled")
            and str(self.request["type"]).upper() == "SPARK"
            and has_sessions(self.request["releaseLabel"])
        )

    def start(self, now: datetime) -> None:
        """Begin to start. Raises Validation unless it is CREATED or STOPPED."""
        self._require(now, "STARTED", "CREATED", "STOPPED")
        self._enter(now, "STARTING", STARTING_TAKES, "STARTED")
        self.plan_stop(now)

    def stop(self, now: datetime) -> None:
        """Begin to stop. Raises Validation while something runs or unless it is started."""
        self._require(now, "STOPPED", "STARTING", "STARTED")
        running = self.running(now)
        if running:
            raise Validation(
                "Application cannot be STOPPED. All sessions and job runs must be terminated, "
                f"completed or cancelled first. Still active: {', '.join(sorted(running))}"
            )
        self._enter(now, "STOPPING", STOPPING_TAKES, "STOPPED")

    def delete(self, now: datetime) -> None:
        """Terminate it for good. Raises Validation unless it is CREATED or STOPPED."""
        self._require_quiet(now)
        self._follow(self._history.replan(now, Stage(now, "TERMINATED")))

    def update(self, changes: Mapping[str, Any], now: datetime) -> None:
        """Change what it was created with. Raises Validation unless it is CREATED or STOPPED."""
        self._require_quiet(now)
        changed = {name: changes[name] for name in CHANGEABLE if name in changes}
        check(self.request | changed)
        self.request |= changed
        self._updated = now

    def admit(self, now: datetime) -> datetime:
        """When it can take work, which starts it if need be. Raises Validation when it cannot."""
        state = self.state(now)
        if state in ("CREATED", "STOPPED") and self.auto_start["enabled"]:
            self.start(now)
        elif state not in ("STARTING", "STARTED"):
            raise Validation(
                f"Application {self.id} must be in one of the following statuses "
                f"[STARTED] or have auto-start enabled. Current status: {state}"
            )
        return max(now, self._started())

    def running(self, now: datetime) -> list[str]:
        """The ids of the sessions and job runs that have not ended."""
        return [work.origin.id for work in self.work() if not _past(work.ends(), now)]

    def plan_stop(self, now: datetime) -> None:
        """Plan when it stops by itself, if nothing else is done with it."""
        if self.state(now) not in ("STARTING", "STARTED"):
            return
        stages = [stage for stage in self._history.stages if stage.state == "STARTED"]
        ahead = [stage for stage in stages if stage.at > now]
        ends = [self._started(), *(work.ends() for work in self.work())]
        if self.auto_stop["enabled"] and None not in ends:
            idle = max(end for end in ends if end is not None)
            stop = idle + timedelta(minutes=self.auto_stop["idleTimeoutMinutes"])
            ahead += Stage(stop, "STOPPING"), Stage(stop + STOPPING_TAKES, "STOPPED")
        self._follow(self._history.replan(now, *ahead))

    def summary(self, now: datetime) -> dict[str, Any]:
        """The application as ListApplications answers it."""
        stage = self._history.at(now)
        named = {"name": self.request["name"]} if "name" in self.request else {}
        return named | {
            "id": self.id,
            "arn": self.arn,
            "releaseLabel": self.request["releaseLabel"],
            "type": str(self.request["type"]).capitalize(),
            "state": stage.state,
            "createdAt": self._history.stages[0].at,
            "updatedAt": max(stage.at, self._updated),
            "architecture": self.request.get("architecture", "X86_64"),
        }

    def describe(self, now: datetime) -> dict[str, Any]:
        """The application as GetApplication answers it."""
        kept = {name: self.request[name] for name in CHANGEABLE if name in self.request}
        described = kept | self.summary(now)
        described["applicationId"] = described.pop("id")
        return described | {
            "tags": self.tags,
            "autoStartConfiguration": self.auto_start,
            "autoStopConfiguration": self.auto_stop,
        }

    def add_session(self, session: InteractiveSession, now: datetime) -> None:
        """Let a session keep it from stopping."""
        self.sessions[session.origin.id] = session
        self.plan_stop(now)

    def add_job_run(self, run: JobRun, now: datetime) -> None:
        """Let a job run keep it from stopping, and announce its states."""
        self.job_runs[run.origin.id] = run
        self._job_news[run.origin.id] = Announcer(self._agenda, partial(self._announce_job, run))
        self.follow_job_run(run, now)

    def follow_job_run(self, run: JobRun, now: datetime) -> None:
        """Take note that what will become of a job run has changed."""
        self._job_news[run.origin.id].follow(run.history.stages)
        self.plan_stop(now)

    def work(self) -> Sequence[InteractiveSession | JobRun]:
        """Everything that was ever run on it."""
        return [*self.sessions.values(), *self.job_runs.values()]

    def _started(self) -> datetime:
        """When it was started last, or will be."""
        return max(stage.at for stage in self._history.stages if stage.state == "STARTED")

    def _require(self, now: datetime, target: str, *allowed: str) -> None:
        if self.state(now) not in allowed:
            raise Validation(
                f"Application cannot be {target}. Applications must be in one of the following "
                f"statuses: [{', '.join(allowed)}]"
            )

    def _require_quiet(self, now: datetime) -> None:
        state = self.state(now)
        if state not in ("CREATED", "STOPPED"):
            raise Validation(
                f"Application {self.id} must be in one of the following statuses "
                f"[CREATED, STOPPED]. Current status: {state}"
            )

    def _enter(self, now: datetime, state: str, takes: timedelta, then: str) -> None:
        before = self._history if hasattr(self, "_history") else History(())
        self._follow(before.replan(now, Stage(now, state), Stage(now + takes, then)))

    def _follow(self, history: History) -> None:
        self._history = history
        self._announcer.follow(history.stages)

    def _announce(self, stage: Stage) -> None:
        stages = self._history.stages
        detail = {
            "applicationId": self.id,
            "applicationName": self.request.get("name", ""),
            "arn": self.arn,
            "releaseLabel": self.request["releaseLabel"],
            "state": stage.state,
            **_previous(stages, stage),
            "type": str(self.request["type"]).upper(),
            "createdAt": iso(stages[0].at, timespec="microseconds"),
            "updatedAt": iso(stage.at, timespec="microseconds"),
            "autoStopConfig": {
                "enabled": self.auto_stop["enabled"],
                "idleTimeout": self.auto_stop["idleTimeoutMinutes"],
            },
            "autoStartConfig": self.auto_start,
        }
        self._emit(DETAIL_TYPE, detail)

    def _announce_job(self, run: JobRun, stage: Stage) -> None:
        stages = run.history.stages
        detail = {
            "jobRunId": run.origin.id,
            "applicationId": self.id,
            "arn": run.origin.arn,
            "releaseLabel": run.origin.release_label,
            "state": stage.state,
            **_previous(stages, stage),
            "createdBy": run.origin.created_by,
            "createdAt": iso(stages[0].at, timespec="microseconds"),
            "updatedAt": iso(stage.at, timespec="microseconds"),
        }
        self._emit(JOB_DETAIL_TYPE, detail)

    def _emit(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        _, _, _, region, account, _ = self.arn.split(":", 5)
        self._world.bus.emit(BusAddress(account, region), SOURCE, detail_type, detail)


def check(request: Mapping[str, Any]) -> None:
    """Raises Validation for an engine or release that there is not, and for bad timeouts."""
    engine, release = request["type"], request["releaseLabel"]
    if str(engine).upper() not in ("HIVE", "SPARK"):
        raise Validation(f"Unsupported engine {engine}")
    if not RELEASE.fullmatch(release):
        raise Validation(
            f"Type '{engine}' is not supported for release label '{release}' "
            "or release label does not exist"
        )
    minutes = (request.get("autoStopConfiguration") or {}).get("idleTimeoutMinutes")
    if minutes is not None and minutes not in IDLE_MINUTES:
        raise Validation(f"idleTimeoutMinutes must be 1 to {IDLE_MINUTES.stop - 1}")


def has_sessions(release_label: str) -> bool:
    """Whether a release has interactive sessions: emr-7.13.0 and later, emr-spark-8.0.0 too."""
    found = RELEASE.fullmatch(release_label)
    if found is None or found["spark"]:
        return found is not None
    return (int(found["major"]), int(found["minor"])) >= FIRST_WITH_SESSIONS


def _previous(stages: Iterable[Stage], stage: Stage) -> dict[str, str]:
    earlier = [other.state for other in stages if other.at < stage.at]
    return {"previousState": earlier[-1]} if earlier else {}


def _past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now
