"""Athena's Spark sessions, and the workgroups they belong to."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

from moto.athena import models, urls
from moto.athena.models import WorkGroup
from moto.athena.responses import AthenaResponse
from moto.core.responses import ActionResult

from guardian.localaws.athena_session import (
    ACTIVE,
    Calculation,
    InvalidRequest,
    ResourceNotFound,
    SparkSession,
)
from guardian.localaws.calls import service_model
from guardian.localaws.world import World

PAGE = 50
MAX_PAGE = 100
IDLE_MINUTES = range(1, 480 + 1)
DPUS = range(2, 5000 + 1)

T = TypeVar("T")


class DatedWorkGroup(WorkGroup):
    """moto's workgroup, with the moment it was made and the version its engine has."""

    def __init__(self, now: Callable[[], datetime], *args: Any) -> None:
        super().__init__(*args)
        self.created = now()
        version = self.configuration["EngineVersion"]
        version.setdefault("EffectiveEngineVersion", version.get("SelectedEngineVersion"))

    @property
    def engine(self) -> Mapping[str, str]:
        return self.configuration["EngineVersion"]

    @property
    def is_spark(self) -> bool:
        return "spark" in self.engine["EffectiveEngineVersion"].lower()


@dataclass
class Place:
    """What one region of one account holds; calculations by id, the oldest session first."""

    sessions: dict[str, SparkSession] = field(default_factory=dict)
    calculations: dict[str, Calculation] = field(default_factory=dict)


class AthenaSessions(AthenaResponse):
    """Answers the calls about sessions and workgroups; all others are moto's."""

    world: ClassVar[World]
    places: ClassVar[dict[tuple[str, str], Place]] = defaultdict(Place)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def request(self) -> dict[str, Any]:
        """What was asked, by the names of the API's members."""
        return dict(json.loads(self.body or "{}"))

    @property
    def place(self) -> Place:
        return self.places[self.current_account, self.region]

    def start_session(self) -> ActionResult:
        request = self.request
        group = self._work_group()
        _check_session(request, group)
        session = self._started_before(request) or self._start(request, group)
        return ActionResult({"SessionId": session.id, "State": session.state(self.now)})

    def _started_before(self, request: Mapping[str, Any]) -> SparkSession | None:
        token = request.get("ClientRequestToken")
        for session in self.place.sessions.values():
            if token and session.request.get("ClientRequestToken") == token:
                if session.request != request:
                    raise InvalidRequest("Idempotent parameters do not match")
                return session
        return None

    def _start(self, request: Mapping[str, Any], group: DatedWorkGroup) -> SparkSession:
        session = SparkSession(f"{group.arn}/session/{uuid4()}", request, group.engine, self.now)
        self.place.sessions[session.id] = session
        tagger = self.athena_backend.tagger
        if request.get("CopyWorkGroupTags"):
            tagger.tag_resource(session.arn, tagger.list_tags_for_resource(group.arn)["Tags"])
        tagger.tag_resource(session.arn, request.get("Tags", []))
        return session

    def get_session(self) -> ActionResult:
        return ActionResult(self._session().describe(self.now))

    def get_session_status(self) -> ActionResult:
        session = self._session()
        return ActionResult({"SessionId": session.id, "Status": session.status(self.now)})

    def list_sessions(self) -> ActionResult:
        group, now = self._work_group(), self.now
        states = self._states(*ACTIVE)
        found = [
            (number, session)
            for number, session in enumerate(self.place.sessions.values())
            if session.work_group == group.name and session.state(now) in states
        ]
        page, more = _newest(found, self.request)
        return ActionResult({"Sessions": [session.summary(now) for session in page]} | more)

    def terminate_session(self) -> ActionResult:
        session = self._session()
        session.terminate(self.now)
        return ActionResult({"State": session.state(self.now)})

    def start_calculation_execution(self) -> ActionResult:
        request = self.request
        nested = request.get("CalculationConfiguration", {}).get("CodeBlock")
        code = request.get("CodeBlock", nested)
        if code is None or (nested is not None and "CodeBlock" in request):
            raise InvalidRequest("Give the code in CodeBlock, once.")
        session = self._session()
        calculation = session.calculate(code, request.get("Description"), self.now)
        self.place.calculations[calculation.id] = calculation
        return ActionResult({"CalculationExecutionId": calculation.id, "State": "CREATING"})

    def get_calculation_execution(self) -> ActionResult:
        calculation = self._calculation()
        return ActionResult(
            calculation.summary(self.now) | {"SessionId": calculation.session_id, "Statistics": {}}
        )

    def get_calculation_execution_status(self) -> ActionResult:
        return ActionResult({"Status": self._calculation().status(self.now), "Statistics": {}})

    def get_calculation_execution_code(self) -> ActionResult:
        return ActionResult({"CodeBlock": self._calculation().code})

    def list_calculation_executions(self) -> ActionResult:
        session, now = self._session(), self.now
        states = self._states()
        found = [
            (number, calculation)
            for number, calculation in enumerate(session.calculations)
            if not states or calculation.history.at(now).state in states
        ]
        page, more = _newest(found, self.request)
        return ActionResult({"Calculations": [one.summary(now) for one in page]} | more)

    def stop_calculation_execution(self) -> ActionResult:
        calculation = self._calculation()
        calculation.cancel(self.now)
        return ActionResult({"State": calculation.history.at(self.now).state})

    def list_work_groups(self) -> ActionResult:
        found = list(enumerate(self.athena_backend.work_groups.values()))
        page, more = _page(found, self.request)
        return ActionResult({"WorkGroups": [_group_summary(group) for group in page]} | more)

    def get_work_group(self) -> ActionResult:
        group = self._work_group(InvalidRequest)
        return ActionResult(
            {"WorkGroup": _group_summary(group) | {"Configuration": group.configuration}}
        )

    def delete_work_group(self) -> str:
        group = self._work_group(InvalidRequest)
        if group.name == "primary":
            raise InvalidRequest("The primary WorkGroup cannot be deleted")
        sessions = [s for s in self.place.sessions.values() if s.work_group == group.name]
        if sessions and not self._get_param("RecursiveDeleteOption"):
            raise InvalidRequest(f"WorkGroup {group.name} is not empty")
        if any(session.state(self.now) in ACTIVE for session in sessions):
            raise InvalidRequest(f"WorkGroup {group.name} has active sessions")
        for session in sessions:
            self._forget(session)
        self.athena_backend.tagger.delete_all_tags_for_resource(group.arn)
        return super().delete_work_group()

    def _forget(self, session: SparkSession) -> None:
        for calculation in session.calculations:
            del self.place.calculations[calculation.id]
        del self.place.sessions[session.id]
        self.athena_backend.tagger.delete_all_tags_for_resource(session.arn)

    def list_tags_for_resource(self) -> ActionResult:
        tags = self.athena_backend.tagger.list_tags_for_resource(self._tagged())["Tags"]
        page, more = _page(list(enumerate(tags)), self.request)
        return ActionResult({"Tags": page} | more)

    def tag_resource(self) -> str:
        self._tagged()
        return super().tag_resource()

    def untag_resource(self) -> str:
        self._tagged()
        return super().untag_resource()

    def _tagged(self) -> str:
        """The ARN of the resource that the call is about. Raises ResourceNotFound."""
        arn = str(self._get_param("ResourceARN"))
        backend = self.athena_backend
        taggable = [
            *backend.work_groups.values(),
            *backend.data_catalogs.values(),
            *backend.capacity_reservations.values(),
            *self.place.sessions.values(),
        ]
        if arn not in {resource.arn for resource in taggable}:
            raise ResourceNotFound(f"Resource {arn} was not found.")
        return arn

    def _session(self) -> SparkSession:
        session_id = self._get_param("SessionId")
        if session_id not in self.place.sessions:
            raise ResourceNotFound(f"Session {session_id} was not found.")
        return self.place.sessions[session_id]

    def _calculation(self) -> Calculation:
        calculation_id = self._get_param("CalculationExecutionId")
        if calculation_id not in self.place.calculations:
            raise ResourceNotFound(f"Calculation {calculation_id} was not found.")
        return self.place.calculations[calculation_id]

    def _work_group(self, missing: type[Exception] = ResourceNotFound) -> DatedWorkGroup:
        name = self._get_param("WorkGroup")
        if name not in self.athena_backend.work_groups:
            raise missing(f"WorkGroup {name} is not found.")
        return self.athena_backend.work_groups[name]

    def _states(self, *unless_asked: str) -> Sequence[str]:
        """The states that a list is to show. Raises InvalidRequest on one that does not exist."""
        asked = self._get_param("StateFilter")
        kind = "SessionState" if unless_asked else "CalculationExecutionState"
        known: Any = service_model("athena").shape_for(kind)
        if asked and asked not in known.enum:
            raise InvalidRequest(f"{asked} is no state.")
        return (asked,) if asked else unless_asked


def install(world: World) -> None:
    """Answer for sessions, and for workgroups as they are on the local clock."""
    AthenaSessions.world = world
    world.on_reset(AthenaSessions.places.clear)
    models.WorkGroup = partial(DatedWorkGroup, world.clock.now)
    urls.url_paths = dict.fromkeys(urls.url_paths, AthenaSessions.dispatch)


def _check_session(request: Mapping[str, Any], group: DatedWorkGroup) -> None:
    if not group.is_spark:
        raise InvalidRequest(f"WorkGroup {group.name} is not enabled for Spark.")
    minutes = request.get("SessionIdleTimeoutInMinutes", IDLE_MINUTES.start)
    if minutes not in IDLE_MINUTES:
        raise InvalidRequest(f"SessionIdleTimeoutInMinutes must be 1 to {IDLE_MINUTES[-1]}")
    dpus = request.get("EngineConfiguration", {}).get("MaxConcurrentDpus", DPUS.start)
    if dpus not in DPUS:
        raise InvalidRequest(f"MaxConcurrentDpus must be {DPUS.start} to {DPUS[-1]}")


def _group_summary(group: DatedWorkGroup) -> dict[str, Any]:
    return {
        "Name": group.name,
        "State": group.state,
        "Description": group.description or "",
        "CreationTime": group.created,
        "EngineVersion": group.engine,
    }


def _newest(
    found: Sequence[tuple[int, T]], request: Mapping[str, Any]
) -> tuple[list[T], dict[str, str]]:
    """A page of what was found with its numbers, the newest first."""
    return _page([(-number, item) for number, item in reversed(found)], request)


def _page(
    found: Sequence[tuple[int, T]], request: Mapping[str, Any]
) -> tuple[list[T], dict[str, str]]:
    """A page of what comes with rising numbers, and the token of the next one if there is one."""
    size = request.get("MaxResults") or PAGE
    if not 1 <= size <= MAX_PAGE:
        raise InvalidRequest(f"MaxResults must be 1 to {MAX_PAGE}")
    after = _position(request.get("NextToken"))
    rest = [(number, item) for number, item in found if after is None or number > after]
    page = rest[:size]
    token = urlsafe_b64encode(str(page[-1][0]).encode()).decode() if rest[size:] else None
    return [item for _, item in page], {"NextToken": token} if token else {}


def _position(token: str | None) -> int | None:
    try:
        return int(urlsafe_b64decode(token)) if token else None
    except ValueError as error:
        raise InvalidRequest("Invalid NextToken") from error
