"""EMR Serverless: applications with warm workers, and sessions on one more that has none."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler, among
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure, invalid
from benchmarks.backend.protocols import Route

APPLICATION, SESSION = "emr-serverless-application", "emr-serverless-session"
STATE = {Stage.LIVE: "STARTED", Stage.ENDING: "STOPPING", Stage.OVER: "STOPPED"}
SESSION_STATE = {Stage.LIVE: "IDLE", Stage.ENDING: "TERMINATING", Stage.OVER: "TERMINATED"}
PAGE = 50
IDLE_AFTER = 600
"""Seconds from the beginning of a session to its last work."""
WARM = {
    "DRIVER": {"workerCount": 1, "workerConfiguration": {"cpu": "4 vCPU", "memory": "16 GB"}},
}


def list_applications(call: Call) -> Answer:
    call.takes("states", "maxResults", "nextToken")
    size = call.number("maxResults", PAGE, range(1, 51))
    wanted = among(call.texts("states"))
    page, more = call.page(_applications(call), lambda it: wanted(it[1]), size, "nextToken")
    return {"applications": [_summary(call, *application) for application in page], **more}


def _applications(call: Call) -> list[tuple[str, str, Thing | None]]:
    """Id, state and the thing that each is; the one that carries sessions is none."""
    things = call.estate.things(APPLICATION, call.place)
    own = [(thing.name, STATE[call.stage(thing)], thing) for thing in things]
    carries = bool(call.estate.things(SESSION, call.place))
    return [*own, *([(_carrier(call), "STARTED", None)] if carries else [])]


def _carrier(call: Call) -> str:
    return f"00{call.place.account}x"


def _application(call: Call) -> tuple[str, str, Thing | None]:
    identifier = call.text("applicationId")
    for application in _applications(call):
        if application[0] == identifier:
            return application
    raise Failure("ResourceNotFoundException", f"Application {identifier} does not exist", 404)


def _summary(call: Call, identifier: str, state: str, thing: Thing | None) -> dict[str, object]:
    estate, place = call.estate, call.place
    started = estate.started(thing) if thing else estate.began - estate.seed.age
    return {
        "id": identifier,
        "name": "adhoc",
        "arn": f"arn:aws:emr-serverless:{place.region}:{place.account}:/applications/{identifier}",
        "releaseLabel": "emr-7.13.0",
        "type": "Spark",
        "state": state,
        "createdAt": started,
        "updatedAt": estate.changed(thing) if thing else started,
    }


def get_application(call: Call) -> Answer:
    call.takes("applicationId")
    identifier, state, thing = _application(call)
    told = _summary(call, identifier, state, thing)
    tags = call.estate.tags(thing) if thing else {"guardian": "keep"}
    told |= {"applicationId": told.pop("id"), "tags": tags}
    stops = {"autoStopConfiguration": {"enabled": thing is None, "idleTimeoutMinutes": 15}}
    return {"application": {**told, **stops, **({"initialCapacity": WARM} if thing else {})}}


def stop_application(call: Call) -> Answer:
    call.takes("applicationId")
    _, _, thing = _application(call)
    if thing is None:
        raise Failure("NotImplemented", "this application carries sessions; it stays here", 501)
    if not call.stop(thing):
        raise invalid(
            "Application cannot be STOPPED. Applications must be in one of the following statuses: "
            "[STARTING, STARTED]"
        )
    return {}


def list_job_runs(call: Call) -> Answer:
    """No job runs anywhere."""
    call.takes("applicationId", "states", "maxResults", "nextToken")
    _application(call)
    return {"jobRuns": []}


def list_sessions(call: Call) -> Answer:
    call.takes("applicationId", "states", "maxResults", "nextToken")
    size = call.number("maxResults", PAGE, range(1, 51))
    _, _, other = _application(call)
    things = () if other else call.estate.things(SESSION, call.place)
    wanted = among(call.texts("states"))
    page, more = call.page(
        things, lambda it: wanted(SESSION_STATE[call.stage(it)]), size, "nextToken"
    )
    return {"sessions": [_session(call, thing) for thing in page], **more}


def get_session(call: Call) -> Answer:
    thing = _session_of(call)
    return {
        "session": {
            **_session(call, thing),
            "tags": call.estate.tags(thing),
            "idleTimeoutMinutes": 1440,
            "totalExecutionDurationSeconds": 3600,
            "billedResourceUtilization": {"vCPUHour": 4.0, "memoryGBHour": 16.0},
        }
    }


def terminate_session(call: Call) -> Answer:
    thing = _session_of(call)
    if not call.stop(thing) and call.stage(thing) is Stage.OVER:
        raise invalid(f"Session {thing.name} is TERMINATED")
    return {"applicationId": _carrier(call), "sessionId": thing.name}


def _session_of(call: Call) -> Thing:
    call.takes("applicationId", "sessionId")
    identifier = call.text("sessionId")
    _, _, other = _application(call)
    thing = call.estate.find(SESSION, call.place, identifier)
    if other is not None or thing is None:
        raise Failure("ResourceNotFoundException", f"Session {identifier} does not exist", 404)
    return thing


def _session(call: Call, thing: Thing) -> dict[str, object]:
    started, place = call.estate.started(thing), call.place
    of = f"arn:aws:emr-serverless:{place.region}:{place.account}:/applications/{_carrier(call)}"
    return {
        "applicationId": _carrier(call),
        "sessionId": thing.name,
        "arn": f"{of}/sessions/{thing.name}",
        "state": SESSION_STATE[call.stage(thing)],
        "stateDetails": "",
        "releaseLabel": "emr-7.13.0",
        "executionRoleArn": f"arn:aws:iam::{place.account}:role/sessions",
        "createdBy": f"arn:aws:sts::{place.account}:assumed-role/analyst/ana",
        "createdAt": started,
        "updatedAt": call.estate.changed(thing),
        "idleSince": started + IDLE_AFTER,
    }


_ONE = "/applications/{applicationId}"
_SESSIONS = f"{_ONE}/sessions"
ROUTES = (
    Route("ListApplications", "GET", "/applications", ("states",)),
    Route("GetApplication", "GET", _ONE),
    Route("StopApplication", "POST", f"{_ONE}/stop"),
    Route("ListJobRuns", "GET", f"{_ONE}/jobruns", ("states",)),
    Route("ListSessions", "GET", _SESSIONS, ("states",)),
    Route("GetSession", "GET", f"{_SESSIONS}/{{sessionId}}"),
    Route("TerminateSession", "DELETE", f"{_SESSIONS}/{{sessionId}}"),
)
CALLS: Mapping[str, Handler] = {
    "ListApplications": list_applications,
    "GetApplication": get_application,
    "StopApplication": stop_application,
    "ListJobRuns": list_job_runs,
    "ListSessions": list_sessions,
    "GetSession": get_session,
    "TerminateSession": terminate_session,
}
