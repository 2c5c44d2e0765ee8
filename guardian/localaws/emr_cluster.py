"""One EMR cluster: its states follow from when it was made, its steps and its end."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.emr.exceptions import ValidationException
from moto.emr.models import Cluster, ElasticMapReduceBackend, Step

from guardian.localaws.bus import BusAddress
from guardian.localaws.emr_session import ClusterSession
from guardian.localaws.lifecycle import Agenda, Announcer, History, Stage
from guardian.localaws.world import World

STARTING_TAKES = timedelta(seconds=30)
BOOTSTRAPPING_TAKES = timedelta(seconds=20)
TERMINATING_TAKES = timedelta(seconds=20)
STEP_TAKES = timedelta(seconds=60)
DETAIL_TYPE = "EMR Cluster State Change"
ENDING = ("TERMINATING", "TERMINATED")
ANNOUNCED = {
    "STARTING": "was requested and is being provisioned",
    "RUNNING": "began running steps",
    "WAITING": "finished running all pending steps",
    "TERMINATED": "has terminated",
}
GROUP_STATES = {
    "STARTING": "PROVISIONING",
    "BOOTSTRAPPING": "BOOTSTRAPPING",
    "RUNNING": "RUNNING",
    "WAITING": "RUNNING",
    "TERMINATING": "SHUTTING_DOWN",
    "TERMINATED": "TERMINATED",
}


@dataclass(frozen=True)
class Run:
    """When a step runs: steps run one after another."""

    step: Step
    start: datetime
    end: datetime


class EmrCluster(Cluster):
    """moto's cluster; its states follow from when it was made, its steps and its end."""

    def __init__(
        self, world: World, agenda: Agenda, backend: ElasticMapReduceBackend, **request: Any
    ) -> None:
        self._world = world
        self._announcer = Announcer(agenda, self._announce)
        self._created = world.clock.now()
        self._runs: list[Run] = []
        self._terminated: datetime | None = None
        self._idle_limit: tuple[datetime, timedelta] | None = None
        self.session_enabled = False
        self.sessions: dict[str, ClusterSession] = {}
        super().__init__(backend, **request)

    @property
    def ready(self) -> datetime:
        """When it can take its first step, or could have."""
        return self._created + STARTING_TAKES + BOOTSTRAPPING_TAKES

    @property
    def auto_termination_policy(self) -> dict[str, int] | None:
        return self._idle_limit and {"IdleTimeout": int(self._idle_limit[1].total_seconds())}

    def history(self) -> History:
        """Every stage that was and, if nobody does anything, will be."""
        working = [
            Stage(self._created, "STARTING"),
            Stage(self._created + STARTING_TAKES, "BOOTSTRAPPING"),
        ]
        free = self.ready
        for run in self._runs:
            if run.start > free:
                working.append(Stage(free, "WAITING"))
            if working[-1].state != "RUNNING":
                working.append(Stage(run.start, "RUNNING"))
            free = run.end
        working.append(Stage(free, "WAITING"))
        end = self._end(free)
        if end is None:
            return History(tuple(working))
        ending = Stage(end, "TERMINATING"), Stage(end + TERMINATING_TAKES, "TERMINATED")
        return History((*(stage for stage in working if stage.at < end), *ending))

    def _end(self, free: datetime) -> datetime | None:
        if self._terminated is not None:
            return self._terminated
        if not self.keep_job_flow_alive_when_no_steps:
            return free
        if self._idle_limit is None:
            return None
        since, limit = self._idle_limit
        worked = [session.life.last_work_ends() for session in self.sessions.values()]
        return max([free, since, *(end for end in worked if end is not None)]) + limit

    def start_cluster(self) -> None:
        """Nothing: the history says when it starts."""

    def run_bootstrap_actions(self) -> None:
        """Nothing: the history says when it is ready."""

    def add_steps(self, steps: list[dict[str, Any]]) -> list[Step]:
        now = self._world.clock.now()
        self._require_modifiable(now)
        added = [Step(state="PENDING", **step) for step in steps]
        for step in added:
            start = max([now, self.ready, *(run.end for run in self._runs)])
            self._runs.append(Run(step, start, start + _duration(step)))
        self.steps.extend(added)
        return added

    def ends(self) -> datetime | None:
        """When it begins to terminate, and with it every session; None: not by itself."""
        return self.history().first("TERMINATING")

    def terminate(self) -> None:
        """Begin to terminate; nothing happens when that has begun. Ignores protection."""
        now = self._world.clock.now()
        if self.history().at(now).state not in ENDING:
            self._terminated = now

    def limit_idleness(self, seconds: int | None) -> None:
        """Terminate by itself after being idle for so long; None: never."""
        now = self._world.clock.now()
        self._require_modifiable(now)
        self._idle_limit = None if seconds is None else (now, timedelta(seconds=seconds))

    def _require_modifiable(self, now: datetime) -> None:
        # moto adds the first steps before it knows whether to keep the cluster.
        if hasattr(self, "creation_datetime") and self.history().at(now).state in ENDING:
            raise ValidationException(
                "A job flow that is shutting down, terminated, or finished may not be modified."
            )

    def refresh(self, now: datetime) -> None:
        """Bring moto's attributes up to `now`, and plan what is to be announced."""
        history = self.history()
        self.state = history.at(now).state
        self.ready_datetime = _past(history.first("RUNNING", "WAITING"), now)
        self.end_datetime = _past(history.first("TERMINATED"), now)
        end = history.first("TERMINATING")
        for run in self._runs:
            _refresh_step(run, end, now)
        for group in self.instance_groups:
            group.state = GROUP_STATES[self.state]
            group.ready_date_time = self.ready_datetime
            group.end_date_time = self.end_datetime
        self._announcer.follow(s for s in history.stages if s.state in ANNOUNCED)

    @property
    def status(self) -> dict[str, Any]:
        return {**super().status, "StateChangeReason": self._reason(str(self.state))}

    def _reason(self, state: str) -> dict[str, str]:
        if state not in ENDING:
            return {}
        if self._terminated is not None:
            return {"Code": "USER_REQUEST", "Message": "Terminated by user request"}
        return {"Code": "ALL_STEPS_COMPLETED", "Message": "Steps completed"}

    def idle_samples(
        self, start: datetime, end: datetime, every: int
    ) -> Iterable[tuple[datetime, float]]:
        """Whether it idled (1) or worked (0) at each multiple of `every` s from `start` to `end`.

        It works when it runs a step or one of its sessions is busy.
        """
        history = self.history()
        until = min(end, history.first("TERMINATING") or end)
        first = -(-int(max(start, self.ready).timestamp()) // every) * every
        for second in range(first, int(until.timestamp()), every):
            moment = datetime.fromtimestamp(second, UTC)
            busy = any(session.life.is_busy(moment) for session in self.sessions.values())
            yield moment, float(history.at(moment).state == "WAITING" and not busy)

    def _announce(self, stage: Stage) -> None:
        reason = self._reason(stage.state)
        detail = {
            "severity": "INFO",
            "stateChangeReason": json.dumps(
                {"code": reason.get("Code", ""), "message": reason.get("Message", "")}
                if reason
                else {"code": ""},
                separators=(",", ":"),
            ),
            "name": self.name,
            "clusterId": self.id,
            "state": stage.state,
            "message": f"Amazon EMR cluster {self.id} ({self.name}) {ANNOUNCED[stage.state]}.",
        }
        backend = self.emr_backend
        bus = BusAddress(backend.account_id, backend.region_name)
        self._world.bus.emit(bus, "aws.emr", DETAIL_TYPE, detail)


def _refresh_step(run: Run, end: datetime | None, now: datetime) -> None:
    step = run.step
    cancelled = end is not None and end < run.end and end <= now
    finished = end if end is not None and cancelled else run.end
    step.start_date_time = run.start if run.start <= min(now, finished) else None
    step.end_date_time = _past(finished, now)
    if step.end_date_time is not None:
        step.state = "CANCELLED" if cancelled else "COMPLETED"
    else:
        step.state = "RUNNING" if step.start_date_time else "PENDING"


def _duration(step: Step) -> timedelta:
    """A step of `sleep N` takes N seconds, any other a minute: nothing is run."""
    args = list(step.args)
    if args[:1] == ["sleep"] and len(args) > 1 and args[1].isdecimal():
        return timedelta(seconds=int(args[1]))
    return STEP_TAKES


def _past(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment <= now else None
