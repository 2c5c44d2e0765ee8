"""EMR Serverless: applications start, work and stop on the local clock, announced as events."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from moto.core.responses import ActionResult, EmptyResult
from moto.emrserverless import urls
from moto.emrserverless.models import emrserverless_backends
from moto.emrserverless.responses import EMRServerlessResponse
from moto.emrserverless.utils import random_appplication_id, random_job_id
from moto.utilities.utils import get_partition

from guardian.localaws.bridges.accounts import caller_of
from guardian.localaws.clock import iso
from guardian.localaws.emr_serverless import Application
from guardian.localaws.emr_serverless_errors import (
    AccessDenied,
    Conflict,
    QuotaExceeded,
    ResourceNotFound,
    Validation,
)
from guardian.localaws.emr_serverless_work import (
    InteractiveSession,
    JobRun,
    Origin,
    job_history,
)
from guardian.localaws.emr_session import SessionLife, seconds_of
from guardian.localaws.lifecycle import Agenda
from guardian.localaws.world import World

DEFAULT_SESSION_IDLE_MINUTES = 60
LONGEST_SESSION = timedelta(hours=24)
MAX_SESSIONS = 25
MAX_TAGS = 200
PAGE = 50
SHORTEST_JOB_TIMEOUT_MINUTES = 5
ACTIVE = ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY")


class Numbered(Protocol):
    @property
    def number(self) -> int: ...

    def state(self, now: datetime) -> str: ...


N = TypeVar("N", bound=Numbered)


class ServerlessApplications(EMRServerlessResponse):
    """Answers calls about applications, sessions and job runs as they are at the moment."""

    world: ClassVar[World]
    agenda: ClassVar[Agenda]

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def applications(self) -> dict[str, Application]:
        return emrserverless_backends[self.current_account][self.region].applications

    def create_application(self) -> ActionResult:
        request = self.params
        application = _repeated(self.applications.values(), request)
        if application is None:
            arn = self._arn(f"/applications/{random_appplication_id()}")
            application = Application(self.world, self.agenda, arn, request)
            self.applications[application.id] = application
        named = {"name": application.request["name"]} if "name" in application.request else {}
        return ActionResult({"applicationId": application.id, "arn": application.arn, **named})

    def get_application(self) -> ActionResult:
        return ActionResult({"application": self._application().describe(self.now)})

    def list_applications(self) -> ActionResult:
        page, more = self._page(self.applications.values())
        return ActionResult({"applications": [a.summary(self.now) for a in page], **more})

    def start_application(self) -> ActionResult:
        self._application().start(self.now)
        return EmptyResult()

    def stop_application(self) -> ActionResult:
        self._application().stop(self.now)
        return EmptyResult()

    def delete_application(self) -> ActionResult:
        self._application().delete(self.now)
        return EmptyResult()

    def update_application(self) -> ActionResult:
        application = self._application()
        application.update(self.params, self.now)
        return ActionResult({"application": application.describe(self.now)})

    def start_session(self) -> ActionResult:
        application, request = self._application(), self.params
        session = _repeated(application.sessions.values(), request)
        if session is None:
            session = self._new_session(application, request)
        return ActionResult(_ids(session, "sessionId"))

    def get_session(self) -> ActionResult:
        return ActionResult({"session": self._session().describe(self.now)})

    def list_sessions(self) -> ActionResult:
        page, more = self._page(self._created(self._application().sessions.values()))
        return ActionResult({"sessions": [s.summary(self.now) for s in page], **more})

    def terminate_session(self) -> ActionResult:
        session = self._session()
        session.terminate(self.now)
        self._application().plan_stop(self.now)
        identity = {"applicationId": session.origin.application_id}
        return ActionResult({**identity, "sessionId": session.origin.id})

    def start_job_run(self) -> ActionResult:
        application, request = self._application(), self.params
        run = _repeated(application.job_runs.values(), request)
        if run is None:
            run = self._new_job_run(application, request)
        return ActionResult(_ids(run, "jobRunId"))

    def get_job_run(self) -> ActionResult:
        return ActionResult({"jobRun": self._job_run().describe(self.now)})

    def list_job_runs(self) -> ActionResult:
        mode = self._get_param("mode")
        runs = self._created(self._application().job_runs.values())
        page, more = self._page(run for run in runs if mode in (None, run.mode))
        return ActionResult({"jobRuns": [run.summary(self.now) for run in page], **more})

    def cancel_job_run(self) -> ActionResult:
        run = self._job_run()
        run.cancel(self.now)
        self._application().follow_job_run(run, self.now)
        identity = {"applicationId": run.origin.application_id}
        return ActionResult({**identity, "jobRunId": run.origin.id})

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"tags": self._tags()})

    def tag_resource(self) -> ActionResult:
        tags = self._tags()
        added = dict(self._get_param("tags") or {})
        if len(tags | added) > MAX_TAGS:
            raise Validation(f"A resource has at most {MAX_TAGS} tags.")
        tags |= added
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        tags = self._tags()
        for key in self._get_param("tagKeys", []):
            tags.pop(key, None)
        return EmptyResult()

    def _new_session(
        self, application: Application, request: Mapping[str, Any]
    ) -> InteractiveSession:
        now, minutes = self.now, request.get("idleTimeoutMinutes", DEFAULT_SESSION_IDLE_MINUTES)
        self._require_own_role(request)
        if not application.takes_sessions:
            raise Validation(
                f"Application {application.id} does not have interactive sessions enabled, or "
                "its engine or release does not support them."
            )
        if minutes < 1:
            raise Validation("Local AWS has no sessions with an idle timeout of 0 minutes.")
        active = [s for s in application.sessions.values() if s.state(now) in ACTIVE]
        if len(active) >= MAX_SESSIONS:
            raise QuotaExceeded(
                f"Application {application.id} has {MAX_SESSIONS} concurrent sessions."
            )
        idle = timedelta(minutes=min(minutes, LONGEST_SESSION // timedelta(minutes=1)))
        life = SessionLife(now, application.admit(now), idle, LONGEST_SESSION)
        origin = self._origin(application, "sessions", request)
        session = InteractiveSession(origin, life, minutes, dict(request.get("tags") or {}))
        application.add_session(session, now)
        return session

    def _new_job_run(self, application: Application, request: Mapping[str, Any]) -> JobRun:
        now, limit = self.now, request.get("executionTimeoutMinutes")
        self._require_own_role(request)
        if limit and limit < SHORTEST_JOB_TIMEOUT_MINUTES:
            raise Validation("RunTimeout must be at least 5 minutes.")
        history = job_history(request, now, application.admit(now))
        origin = self._origin(application, "jobruns", request)
        run = JobRun(origin, history, dict(request.get("tags") or {}))
        application.add_job_run(run, now)
        return run

    def _origin(self, application: Application, kind: str, request: Mapping[str, Any]) -> Origin:
        work_id = random_job_id()
        return Origin(
            id=work_id,
            arn=f"{application.arn}/{kind}/{work_id}",
            application_id=application.id,
            release_label=application.request["releaseLabel"],
            created_by=caller_of(self.access_key).arn,
            request=request,
        )

    def _require_own_role(self, request: Mapping[str, Any]) -> None:
        if request["executionRoleArn"].split(":")[4] != self.current_account:
            raise AccessDenied("Cross-account pass role is not allowed.")

    def _application(self) -> Application:
        return self._found(self.applications, self._get_param("applicationId"), "Application")

    def _session(self) -> InteractiveSession:
        sessions = self._application().sessions
        return self._found(sessions, self._get_param("sessionId"), "Session")

    def _job_run(self) -> JobRun:
        runs = self._application().job_runs
        return self._found(runs, self._get_param("jobRunId"), "JobRun")

    def _found(self, among: Mapping[str, Any], resource_id: str, kind: str) -> Any:
        if resource_id not in among:
            raise ResourceNotFound(f"{kind} {resource_id} does not exist")
        return among[resource_id]

    def _tags(self) -> dict[str, str]:
        arn = self._get_param("resourceArn")
        for application in self.applications.values():
            tagged = {application.arn: application.tags}
            tagged |= {work.origin.arn: work.tags for work in application.work()}
            if arn in tagged:
                return tagged[arn]
        raise ResourceNotFound(f"Resource {arn} does not exist")

    def _created(self, work: Iterable[InteractiveSession | JobRun]) -> list[Any]:
        """Those that were created between the bounds of the call."""
        after, before = self._get_param("createdAtAfter"), self._get_param("createdAtBefore")
        return [
            one
            for one in work
            for created in [one.summary(self.now)["createdAt"]]
            if (after is None or created > _aware(after))
            and (before is None or created < _aware(before))
        ]

    def _page(self, found: Iterable[N]) -> tuple[list[N], dict[str, str]]:
        """One page, newest first, and the token of the next one."""
        size, states = self._get_param("maxResults") or PAGE, self._get_param("states")
        if not 1 <= size <= PAGE:
            raise Validation(f"maxResults must be 1 to {PAGE}")
        before = _position(self._get_param("nextToken"))
        rest = sorted(
            (
                one
                for one in found
                if (before is None or one.number < before)
                and (not states or one.state(self.now) in states)
            ),
            key=lambda one: -one.number,
        )
        if len(rest) <= size:
            return rest, {}
        token = urlsafe_b64encode(str(rest[size - 1].number).encode()).decode()
        return rest[:size], {"nextToken": token}

    def _arn(self, path: str) -> str:
        place = f"{self.region}:{self.current_account}"
        return f"arn:{get_partition(self.region)}:emr-serverless:{place}:{path}"


def install(world: World) -> None:
    """Answer for EMR Serverless instead of moto, and let sessions be made busy."""
    agenda = Agenda(world.clock)
    world.on_reset(agenda.clear)
    ServerlessApplications.world = world
    ServerlessApplications.agenda = agenda
    paths = ["sessions", "sessions/(?P<sessionId>[^/]+)"]
    patterns = [f"{{0}}/applications/(?P<applicationId>[^/]+)/{path}$" for path in paths]
    patterns += [*urls.url_paths, "{0}/tags/(?P<resourceArn>.+)$"]
    urls.url_paths = dict.fromkeys(patterns, ServerlessApplications.dispatch)
    world.listen("/localaws/emr-serverless/sessions/busy", lambda asked: _make_busy(world, asked))


def _make_busy(world: World, asked: Any) -> dict[str, str]:
    """Let a session work for a while, as a client of Spark Connect would."""
    seconds, now = seconds_of(asked), world.clock.now()
    wanted = str(asked.get("session"))
    for _, _, backend in emrserverless_backends.iter_backends():
        for application in backend.applications.values():
            session = application.sessions.get(wanted)
            if session is not None:
                until = session.run(now, seconds)
                application.plan_stop(now)
                return {"state": session.state(now), "until": iso(until)}
    raise ValueError(f"there is no session {wanted}")


def _repeated(made: Iterable[Any], request: Mapping[str, Any]) -> Any:
    """What a request with the same client token made; raises Conflict if it asked otherwise."""
    token = request.get("clientToken")
    for one in made:
        first = one.asked if isinstance(one, Application) else one.origin.request
        if token is not None and first.get("clientToken") == token:
            if first != request:
                raise Conflict(f"Client token {token} was used for a different request.")
            return one
    return None


def _ids(work: InteractiveSession | JobRun, name: str) -> dict[str, str]:
    origin = work.origin
    return {"applicationId": origin.application_id, name: origin.id, "arn": origin.arn}


def _position(token: str | None) -> int | None:
    try:
        return int(urlsafe_b64decode(token)) if token else None
    except ValueError as error:
        raise Validation("Invalid nextToken") from error


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
