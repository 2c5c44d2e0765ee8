"""CloudTrail's event history: the call that started each thing, by the analyst who made it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.backend.call import Answer, Call, Handler
from benchmarks.backend.estate import Thing
from benchmarks.backend.failures import Failure
from benchmarks.backend.services import athena, studio

PAGE = 50


@dataclass(frozen=True)
class Start:
    """The call that starts a kind, and the members of its request and answer with `{id}` and `{account}` in them."""

    source: str
    name: str
    request: Mapping[str, str]
    response: Mapping[str, object]


STARTS: Mapping[str, Start] = {
    "sagemaker-notebook": Start(
        "sagemaker", "StartNotebookInstance", {"notebookInstanceName": "{id}"}, {}
    ),
    "sagemaker-app": Start(
        "sagemaker",
        "CreateApp",
        {
            "domainId": studio.DOMAIN,
            "spaceName": "{id}",
            "appType": studio.TYPE,
            "appName": studio.NAME,
        },
        {},
    ),
    "glue-session": Start("glue", "CreateSession", {"id": "{id}"}, {"session": {"id": "{id}"}}),
    "emr-cluster": Start("elasticmapreduce", "RunJobFlow", {}, {"jobFlowId": "{id}"}),
    "emr-session": Start(
        "elasticmapreduce", "StartSession", {"clusterId": "j-{account}S"}, {"id": "{id}"}
    ),
    "emr-serverless-application": Start(
        "emr-serverless", "StartApplication", {"applicationId": "{id}"}, {}
    ),
    "emr-serverless-session": Start(
        "emr-serverless",
        "StartSession",
        {"applicationId": "00{account}x"},
        {"applicationId": "00{account}x", "sessionId": "{id}"},
    ),
    "athena-session": Start(
        "athena", "StartSession", {"workGroup": athena.SPARK}, {"sessionId": "{id}"}
    ),
}


def lookup_events(call: Call) -> Answer:
    """By name of the event; the newest first."""
    call.takes("LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken")
    size = call.number("MaxResults", PAGE, range(1, PAGE + 1))
    start, end = call.moment("StartTime", 0.0), call.moment("EndTime", call.now)
    if start > end:
        raise Failure("InvalidTimeRangeException", "StartTime is after EndTime")
    things = sorted(_started_by(call, _name(call)), key=call.estate.started, reverse=True)
    page, more = call.page(things, lambda it: start <= call.estate.started(it) <= end, size)
    return {"Events": [_event(call, thing) for thing in page], **more}


def _name(call: Call) -> str:
    match call.arguments.get("LookupAttributes"):
        case [{"AttributeKey": "EventName", "AttributeValue": str(name)}]:
            return name
        case [_, _, *_]:
            raise Failure("InvalidLookupAttributesException", "only one attribute is allowed")
        case _:
            raise Failure("NotImplemented", "LookupEvents: only by EventName", 501)


def _started_by(call: Call, name: str) -> Iterator[Thing]:
    for kind, start in STARTS.items():
        if start.name == name:
            yield from call.estate.things(kind, call.place)


def _event(call: Call, thing: Thing) -> Answer:
    start, moment = STARTS[thing.kind], call.estate.started(thing)
    account = thing.place.account
    record = {
        "eventVersion": "1.11",
        "userIdentity": _analyst(account),
        "eventTime": f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{start.source}.amazonaws.com",
        "eventName": start.name,
        "awsRegion": thing.place.region,
        "requestParameters": _filled(start.request, thing),
        "responseElements": _filled(start.response, thing) or None,
        "recipientAccountId": account,
    }
    return {
        "EventId": f"{thing.kind}-{thing.name}",
        "EventName": start.name,
        "EventTime": moment,
        "EventSource": f"{start.source}.amazonaws.com",
        "CloudTrailEvent": json.dumps(record),
    }


def _analyst(account: str) -> Answer:
    role = f"arn:aws:iam::{account}:role/analyst"
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{account}:assumed-role/analyst/ana",
        "accountId": account,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}},
    }


def _filled(members: Mapping[str, object], thing: Thing) -> dict[str, object]:
    filled: dict[str, object] = {}
    for name, value in members.items():
        if isinstance(value, Mapping):
            filled[name] = _filled(value, thing)
        else:
            filled[name] = str(value).format(id=thing.name, account=thing.place.account)
    return filled


CALLS: Mapping[str, Handler] = {"LookupEvents": lookup_events}
