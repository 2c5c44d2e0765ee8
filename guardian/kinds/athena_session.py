"""Athena for Apache Spark sessions: notebooks in a workgroup.

Facts: docs/reference/kinds.md. Athena tells since when a session is idle; ending a session that has ended succeeds.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, pick
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_PAIRS,
    Call,
    IdleSince,
    Kind,
    Listing,
    Phase,
    PriceBook,
    Tags,
    Worth,
    api_call,
)

DEFAULT_TIMEOUT_MINUTES = 20


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """Its coordinator until its idle timeout would have ended it: nobody tells how many executors it holds."""
    minutes = pick(facts, "idle_timeout")
    given = minutes if isinstance(minutes, int) and minutes > 0 else DEFAULT_TIMEOUT_MINUTES
    hours = Decimal(given) / 60
    rate, dpus = prices.rate("athena-dpu-hour", region), pick(facts, "coordinator")
    if rate is None:
        return Worth(None, hours, "no Athena price for this region")
    if not isinstance(dpus, int) or dpus < 1:
        return Worth(None, hours, "an unknown size")
    basis = f"{dpus} DPU at ${rate}/DPU-hour until its idle timeout, executors not counted"
    return Worth(rate * dpus, hours, basis)


_SESSION = "arn:{partition}:athena:{region}:{account}:workgroup/*/session/*"
_WORKGROUP = "arn:{partition}:athena:{region}:{account}:workgroup/*"
_ONE = {"SessionId": "{session}"}

KIND = Kind(
    key="athena-session",
    title="Athena Spark session",
    parts=("workgroup", "session"),
    starts=(
        api_call(
            "athena",
            ("StartSession",),
            {"workgroup": "requestParameters.workGroup", "session": "responseElements.sessionId"},
        ),
    ),
    listing=Listing(
        Call(
            "athena", "ListSessions", {"WorkGroup": "{workgroup}", "MaxResults": 100}, _WORKGROUP
        ),
        items="Sessions",
        ids={"session": "SessionId"},
        status="Status.State",
        start="Status.StartDateTime",
        none=("InvalidRequestException",),  # a workgroup for SQL, or one that is disabled
        within=Listing(
            Call("athena", "ListWorkGroups", {"MaxResults": 50}),
            items="WorkGroups",
            ids={"workgroup": "Name"},
        ),
    ),
    arn="arn:{partition}:athena:{region}:{account}:workgroup/{workgroup}/session/{session}",
    reads={
        "session": Call("athena", "GetSession", _ONE, _WORKGROUP),
        "tags": Call("athena", "ListTagsForResource", {"ResourceARN": "{arn}"}, _SESSION),
    },
    gone=("ResourceNotFound", "not found", "does not exist"),
    status="session.Status.State",
    phases={
        "CREATING": Phase.PENDING,
        "CREATED": Phase.PENDING,
        "IDLE": Phase.LIVE,
        "BUSY": Phase.LIVE,
        "DEGRADED": Phase.LIVE,
        "TERMINATING": Phase.ENDING,
        "TERMINATED": Phase.OVER,
        "FAILED": Phase.OVER,
    },
    start="session.Status.StartDateTime",
    tags=Tags("tags.Tags"),
    stop=Call("athena", "TerminateSession", _ONE, _WORKGROUP),
    keep=Call("athena", "TagResource", {"ResourceARN": "{arn}", "Tags": KEEP_PAIRS}, _SESSION),
    facts={
        "idle_timeout": "session.SessionConfiguration.SessionIdleTimeoutInMinutes",
        "coordinator": "session.EngineConfiguration.CoordinatorDpuSize",
    },
    worth=worth,
    price="the coordinator's DPUs until the session's own idle timeout; executors are not known",
    loses="the session's variables and running calculations",
    idle=IdleSince("IDLE", "session.Status.IdleSinceDateTime"),
    default_grace=timedelta(minutes=30),
    default_idle=timedelta(minutes=15),
)
