"""Glue interactive sessions."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler
from benchmarks.backend.estate import Stage, Thing
from benchmarks.backend.failures import Failure, invalid

KIND = "glue-session"
STATUS = {Stage.LIVE: "READY", Stage.ENDING: "STOPPING", Stage.OVER: "STOPPED"}
PAGE = 1000


def list_sessions(call: Call) -> Answer:
    """What has ended is listed too."""
    call.takes("NextToken", "MaxResults")
    size = call.number("MaxResults", PAGE, range(1, 1001))
    page, more = call.page(call.estate.things(KIND, call.place), lambda _: True, size)
    sessions = [_session(call, thing) for thing in page]
    return {"Ids": [thing.name for thing in page], "Sessions": sessions, **more}


def get_session(call: Call) -> Answer:
    thing = call.estate.find(KIND, call.place, call.text("Id"))
    if thing is None:
        raise Failure("EntityNotFoundException", f"Session {call.text('Id')} not found.")
    return {"Session": _session(call, thing)}


def _session(call: Call, thing: Thing) -> Answer:
    return {
        "Id": thing.name,
        "CreatedOn": call.estate.started(thing),
        "Status": STATUS[call.stage(thing)],
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "MaxCapacity": 2.0,
        "IdleTimeout": 2880,
        "GlueVersion": "5.0",
    }


def stop_session(call: Call) -> Answer:
    thing = call.estate.find(KIND, call.place, call.text("Id"))
    if thing is None:  # EntityNotFoundException is not declared for it
        raise Failure("InvalidInputException", f"Session {call.text('Id')} not found.")
    status = STATUS[call.stage(thing)]
    if not call.stop(thing):
        raise Failure("IllegalSessionStateException", f"Session is in {status} status")
    return {"Id": thing.name}


def get_tags(call: Call) -> Answer:
    call.takes("ResourceArn")
    arn, place = call.text("ResourceArn"), call.place
    prefix = f"arn:aws:glue:{place.region}:{place.account}:session/"
    if not arn.startswith(prefix):
        raise invalid(f"no session of this account and region: {arn}")
    thing = call.estate.find(KIND, place, arn.removeprefix(prefix))
    if thing is None:
        raise Failure("EntityNotFoundException", f"{arn} not found.")
    return {"Tags": call.estate.tags(thing)}


CALLS: Mapping[str, Handler] = {
    "ListSessions": list_sessions,
    "GetSession": get_session,
    "StopSession": stop_session,
    "GetTags": get_tags,
}
