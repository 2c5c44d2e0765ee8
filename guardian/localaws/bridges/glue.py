"""Glue interactive sessions: they take time to start and to stop, and time out when left idle."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from moto.core.responses import ActionResult, EmptyResult
from moto.glue import models, urls
from moto.glue.exceptions import (
    EntityNotFoundException,
    GlueClientError,
    GSRInvalidInputException,
    IllegalSessionStateException,
    SessionAlreadyExistsException,
    SessionNotFoundException,
)
from moto.glue.responses import GlueResponse

from guardian.localaws.lifecycle import History, Stage
from guardian.localaws.world import World

PROVISIONING_TAKES = timedelta(seconds=20)
STOPPING_TAKES = timedelta(seconds=10)
DEFAULT_TIMEOUT_MINUTES = 2880
DEFAULT_WORKERS = 5
PAGE = 100
MAX_PAGE = 1000
MAX_ID = 255
# Data processing units of a worker; a type that is not here counts as one.
DPU = {"G.025X": 0.25, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16, "Z.2X": 2}
DPU |= {"R.2X": 2, "R.4X": 4, "R.8X": 8}
ENDED = ("STOPPED", "TIMEOUT")
NUMBERS = count(1)


@dataclass
class Statement:
    """Code handed to a session. It is not run: it only takes as long as it says it sleeps."""

    id: int
    code: str
    began: datetime
    ended: datetime
    cancelled: bool = False

    def state(self, now: datetime) -> str:
        if self.cancelled:
            return "CANCELLED"
        if now < self.began:
            return "WAITING"
        return "RUNNING" if now < self.ended else "AVAILABLE"

    def describe(self, now: datetime) -> dict[str, Any]:
        """The statement as GetStatement answers it; times in milliseconds."""
        state = self.state(now)
        done = state in ("AVAILABLE", "CANCELLED")
        described = {"Id": self.id, "Code": self.code, "State": state, "Progress": float(done)}
        if now >= self.began:
            described["StartedOn"] = _milliseconds(self.began)
        if done:
            described["CompletedOn"] = _milliseconds(self.ended)
            output = {"Data": {"TextPlain": ""}, "ExecutionCount": self.id, "Status": state}
            described["Output"] = output
        return described


@dataclass
class Session:
    """A session as CreateSession was asked for it, and what became of it."""

    arn: str
    request: Mapping[str, Any]
    history: History
    number: int = field(default_factory=lambda: next(NUMBERS))
    statements: list[Statement] = field(default_factory=list)

    @classmethod
    def start(cls, arn: str, request: Mapping[str, Any], now: datetime) -> "Session":
        ready = now + PROVISIONING_TAKES
        session = cls(arn, request, History((Stage(now, "PROVISIONING"), Stage(ready, "READY"))))
        session.plan_timeout(now)
        return session

    @property
    def id(self) -> str:
        return str(self.request["Id"])

    @property
    def ready(self) -> datetime:
        """When it became ready, or would have."""
        return self.history.stages[0].at + PROVISIONING_TAKES

    @property
    def capacity(self) -> float:
        """Data processing units it holds."""
        if "MaxCapacity" in self.request:
            return float(self.request["MaxCapacity"])
        workers = self.request.get("NumberOfWorkers", DEFAULT_WORKERS)
        return float(workers * DPU.get(self.request.get("WorkerType", ""), 1))

    @property
    def timeout(self) -> int:
        """Minutes it may last, busy or not."""
        return int(self.request.get("Timeout", DEFAULT_TIMEOUT_MINUTES))

    @property
    def idle_timeout(self) -> int:
        """Minutes it may last without a statement."""
        return int(self.request.get("IdleTimeout", self.timeout))

    def plan_timeout(self, now: datetime) -> None:
        """Plan when it times out if it gets no other statement."""
        active = max([self.ready, *(statement.ended for statement in self.statements)])
        idle = active + timedelta(minutes=self.idle_timeout)
        end = min(idle, self.ready + timedelta(minutes=self.timeout))
        planned = [stage for stage in self.history.stages if stage.state == "READY"]
        ahead = [stage for stage in planned if stage.at > now]
        self.history = self.history.replan(now, *ahead, Stage(end, "TIMEOUT"))

    def stop(self, now: datetime) -> None:
        """Begin to stop. Raises IllegalSessionStateException unless it is ready."""
        self.require_ready(now)
        stages = Stage(now, "STOPPING"), Stage(now + STOPPING_TAKES, "STOPPED")
        self.history = self.history.replan(now, *stages)

    def require_ready(self, now: datetime) -> None:
        state = self.history.at(now).state
        if state != "READY":
            raise IllegalSessionStateException(f"Session is in {state} status")

    def describe(self, now: datetime) -> dict[str, Any]:
        """The session as GetSession answers it at `now`."""
        stage = self.history.at(now)
        described = {
            **self.request,
            "CreatedOn": self.history.stages[0].at,
            "Status": stage.state,
            "Progress": float(stage.state != "PROVISIONING"),
            "MaxCapacity": self.capacity,
            "IdleTimeout": self.idle_timeout,
        }
        if stage.state in ENDED:
            seconds = (stage.at - self.ready).total_seconds()
            described["CompletedOn"] = stage.at
            described["ExecutionTime"] = seconds
            described["DPUSeconds"] = seconds * self.capacity
        return described

    def run(self, code: str, now: datetime) -> Statement:
        """Queue `code` behind the statements it already has."""
        self.require_ready(now)
        began = max([now, *(statement.ended for statement in self.statements)])
        statement = Statement(len(self.statements), code, began, began + _duration(code))
        self.statements.append(statement)
        self.plan_timeout(now)
        return statement


class GlueSessions(GlueResponse):
    """Answers the calls about sessions; all others are moto's."""

    world: ClassVar[World]

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def sessions(self) -> dict[str, Session]:
        return self.glue_backend.sessions

    def create_session(self) -> ActionResult:
        request = self.parameters
        session_id = request["Id"]
        _check_request(request)
        if session_id in self.sessions:
            raise SessionAlreadyExistsException
        arn = f"arn:aws:glue:{self.region}:{self.current_account}:session/{session_id}"
        session = Session.start(arn, request, self.now)
        self.sessions[session_id] = session
        self.glue_backend.tag_resource(arn, request.get("Tags"))
        return ActionResult({"Session": session.describe(self.now)})

    def get_session(self) -> ActionResult:
        return ActionResult({"Session": self._session().describe(self.now)})

    def list_sessions(self) -> ActionResult:
        page, token = _page(self._matching(), self.parameters)
        result: dict[str, Any] = {
            "Ids": [session.id for session in page],
            "Sessions": [session.describe(self.now) for session in page],
        }
        return ActionResult(result | ({"NextToken": token} if token else {}))

    def _matching(self) -> list[Session]:
        wanted = (self.parameters.get("Tags") or {}).items()
        origin = self.parameters.get("RequestOrigin")
        return [
            session
            for session in self.sessions.values()
            if wanted <= self.glue_backend.get_tags(session.arn).items()
            and origin in (None, session.request.get("RequestOrigin"))
        ]

    def stop_session(self) -> ActionResult:
        self._stoppable_session().stop(self.now)
        return ActionResult({"Id": self.parameters["Id"]})

    def delete_session(self) -> ActionResult:
        session = self._stoppable_session()
        state = session.history.at(self.now).state
        if state in ("PROVISIONING", "STOPPING"):
            raise IllegalSessionStateException(f"Session is in {state} status")
        self.glue_backend.tagger.delete_all_tags_for_resource(session.arn)
        del self.sessions[session.id]
        return ActionResult({"Id": session.id})

    def run_statement(self) -> ActionResult:
        statement = self._session("SessionId").run(self.parameters["Code"], self.now)
        return ActionResult({"Id": statement.id})

    def list_statements(self) -> ActionResult:
        session = self._ready_session()
        return ActionResult(
            {"Statements": [statement.describe(self.now) for statement in session.statements]}
        )

    def get_statement(self) -> ActionResult:
        return ActionResult({"Statement": self._statement().describe(self.now)})

    def cancel_statement(self) -> ActionResult:
        statement = self._statement()
        if statement.state(self.now) not in ("WAITING", "RUNNING"):
            raise GSRInvalidInputException(f"Statement {statement.id} is not running")
        statement.cancelled, statement.ended = True, self.now
        self._session("SessionId").plan_timeout(self.now)
        return EmptyResult()

    def get_tags(self) -> ActionResult:
        self._require_tagged_session()
        return super().get_tags()

    def tag_resource(self) -> ActionResult:
        self._require_tagged_session()
        return super().tag_resource()

    def untag_resource(self) -> ActionResult:
        # moto takes the ARN from the query, where an id with odd characters does not survive.
        self._require_tagged_session()
        arn, keys = self.parameters["ResourceArn"], self.parameters["TagsToRemove"]
        self.glue_backend.untag_resource(arn, keys)
        return EmptyResult()

    def _session(self, key: str = "Id") -> Session:
        session_id = self.parameters[key]
        if session_id not in self.sessions:
            raise SessionNotFoundException(session_id)
        return self.sessions[session_id]

    def _stoppable_session(self) -> Session:
        # StopSession and DeleteSession declare no EntityNotFoundException.
        session_id = self.parameters["Id"]
        if session_id not in self.sessions:
            raise GSRInvalidInputException(f"Session {session_id} not found.")
        return self.sessions[session_id]

    def _ready_session(self) -> Session:
        session = self._session("SessionId")
        session.require_ready(self.now)
        return session

    def _statement(self) -> Statement:
        statements = self._ready_session().statements
        number = self.parameters["Id"]
        if not 0 <= number < len(statements):
            raise EntityNotFoundException(f"Statement {number} not found.")
        return statements[number]

    def _require_tagged_session(self) -> None:
        _, is_session, session_id = self.parameters["ResourceArn"].partition(":session/")
        if is_session and session_id not in self.sessions:
            raise SessionNotFoundException(session_id)


def install(world: World) -> None:
    """Answer for sessions instead of moto, and date everything by the local clock."""
    GlueSessions.world = world
    models.utcnow = lambda: world.clock.now().replace(tzinfo=None)
    urls.url_paths = dict.fromkeys(urls.url_paths, GlueSessions.dispatch)


def _check_request(request: Mapping[str, Any]) -> None:
    if not 1 <= len(request["Id"]) <= MAX_ID:
        raise GlueClientError(
            "ValidationException",
            f"1 validation error detected: Value at 'id' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_ID}",
        )
    if "MaxCapacity" in request and ("NumberOfWorkers" in request or "WorkerType" in request):
        raise GSRInvalidInputException(
            "Please set only Worker Type and Number of Workers or only Max Capacity."
        )


def _page(sessions: list[Session], request: Mapping[str, Any]) -> tuple[list[Session], str | None]:
    """One page in order of creation, and the token of the next one."""
    size = request.get("MaxResults") or PAGE
    if not 1 <= size <= MAX_PAGE:
        raise GlueClientError("ValidationException", f"MaxResults must be 1 to {MAX_PAGE}")
    after = _position(request.get("NextToken"))
    rest = sorted((s for s in sessions if s.number > after), key=lambda session: session.number)
    token = str(rest[size - 1].number) if len(rest) > size else None
    return rest[:size], token and urlsafe_b64encode(token.encode()).decode()


def _position(token: str | None) -> int:
    try:
        return int(urlsafe_b64decode(token)) if token else 0
    except ValueError as error:
        raise GSRInvalidInputException("Invalid NextToken") from error


def _duration(code: str) -> timedelta:
    seconds = sum(float(sleep) for sleep in re.findall(r"sleep\((\d+(?:\.\d+)?)\)", code))
    return timedelta(seconds=max(seconds, 1.0))


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
