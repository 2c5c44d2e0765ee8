"""Athena: the workgroup `primary` that every region has, for SQL, and one for Spark where there are sessions."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler, among, pairs
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure

KIND = "athena-session"
STATE = {Stage.LIVE: "IDLE", Stage.ENDING: "TERMINATING", Stage.OVER: "TERMINATED"}
SQL, SPARK = "primary", "spark"
PAGE = 50
IDLE_AFTER = 600
"""Seconds from the beginning of a session to its last work."""


def list_work_groups(call: Call) -> Answer:
    call.takes("NextToken", "MaxResults")
    size = call.number("MaxResults", PAGE, range(1, 51))
    page, more = call.page(_groups(call), lambda _: True, size)
    return {"WorkGroups": [{"Name": name, "State": "ENABLED"} for name in page], **more}


def _groups(call: Call) -> tuple[str, ...]:
    return (SQL, SPARK) if call.estate.things(KIND, call.place) else (SQL,)


def list_sessions(call: Call) -> Answer:
    """Unless a state is asked for, only those that have not ended."""
    call.takes("WorkGroup", "StateFilter", "MaxResults", "NextToken")
    size = call.number("MaxResults", PAGE, range(1, 101))
    group = call.text("WorkGroup")
    if group not in _groups(call):
        raise _refused(f"WorkGroup {group} is not found.")
    if group == SQL:
        raise _refused(f"Session APIs are not supported on WorkGroup {group}")
    state = call.text_or("StateFilter")
    wanted = among([state] if state else ["IDLE", "TERMINATING"])
    things = call.estate.things(KIND, call.place)
    page, more = call.page(things, lambda it: wanted(STATE[call.stage(it)]), size)
    sessions = [{"SessionId": it.name, "Status": _status(call, it)} for it in page]
    return {"Sessions": sessions, **more}


def _refused(message: str) -> Failure:
    return Failure("InvalidRequestException", message)


def get_session(call: Call) -> Answer:
    thing = _session(call)
    return {
        "SessionId": thing.name,
        "WorkGroup": SPARK,
        "EngineVersion": "PySpark engine version 3",
        "EngineConfiguration": {"CoordinatorDpuSize": 1, "MaxConcurrentDpus": 20},
        "SessionConfiguration": {"SessionIdleTimeoutInMinutes": 480},
        "Status": _status(call, thing),
    }


def _status(call: Call, thing: Thing) -> Answer:
    started = call.estate.started(thing)
    return {
        "State": STATE[call.stage(thing)],
        "StartDateTime": started,
        "LastModifiedDateTime": call.estate.changed(thing),
        "IdleSinceDateTime": started + IDLE_AFTER,
    }


def terminate_session(call: Call) -> Answer:
    """One that has ended is no error."""
    thing = _session(call)
    call.stop(thing)
    return {"State": STATE[call.stage(thing)]}


def _session(call: Call) -> Thing:
    call.takes("SessionId")
    thing = call.estate.find(KIND, call.place, call.text("SessionId"))
    if thing is None:
        raise Failure("ResourceNotFoundException", f"Session {call.text('SessionId')} not found")
    return thing


def list_tags_for_resource(call: Call) -> Answer:
    call.takes("ResourceARN", "NextToken", "MaxResults")
    call.number("MaxResults", 75, range(75, 101))
    arn, place = call.text("ResourceARN"), call.place
    prefix = f"arn:aws:athena:{place.region}:{place.account}:workgroup/{SPARK}/session/"
    thing = call.estate.find(KIND, place, arn.removeprefix(prefix))
    if not arn.startswith(prefix) or thing is None:
        raise Failure("ResourceNotFoundException", f"{arn} not found")
    return {"Tags": pairs(call.estate.tags(thing))}


CALLS: Mapping[str, Handler] = {
    "ListWorkGroups": list_work_groups,
    "ListSessions": list_sessions,
    "GetSession": get_session,
    "TerminateSession": terminate_session,
    "ListTagsForResource": list_tags_for_resource,
}
