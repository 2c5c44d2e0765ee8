"""EMR Serverless interactive sessions. The client's `spark.stop()` does not end one: it bills until its idle timeout.

Facts: docs/reference/kinds.md. The service tells since when a session is idle.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, pick
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_MAP,
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

CAP = Decimal(24)  # the service ends a session after a day


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """What it was billed so far, by the hour, until its idle timeout would have ended it."""
    minutes = pick(facts, "idle_timeout")
    told = isinstance(minutes, int) and minutes > 0
    hours = min(CAP, Decimal(str(minutes)) / 60) if told else CAP
    cpu, memory = (prices.rate(f"emr-serverless-{unit}-hour", region) for unit in ("vcpu", "gb"))
    used = [pick(facts, name) for name in ("vcpu_hours", "gb_hours", "seconds")]
    numbers = [Decimal(str(n)) for n in used if isinstance(n, int | float)]
    if cpu is None or memory is None or len(numbers) < len(used) or not numbers[-1]:
        return Worth(None, hours, "its size is unknown" if cpu else "no EMR Serverless price here")
    lived = numbers[-1] / 3600
    rate = (numbers[0] * cpu + numbers[1] * memory) / lived
    return Worth(rate, hours, f"${rate:.2f}/hour as billed so far, until its idle timeout")


_APPLICATION = "arn:{partition}:emr-serverless:{region}:{account}:/applications/*"
_SESSION = f"{_APPLICATION}/sessions/*"
_ALIVE = ["SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY"]
_ONE = {"ApplicationId": "{application}", "SessionId": "{session}"}

KIND = Kind(
    key="emr-serverless-session",
    title="EMR Serverless session",
    parts=("application", "session"),
    starts=(
        api_call(
            "emr-serverless",
            ("StartSession",),
            {
                "application": "responseElements.applicationId",
                "session": "responseElements.sessionId",
            },
        ),
    ),
    listing=Listing(
        Call(
            "emr-serverless",
            "ListSessions",
            {"ApplicationId": "{application}", "States": _ALIVE, "MaxResults": 50},
            _APPLICATION,
        ),
        items="Sessions",
        ids={"session": "SessionId"},
        status="State",
        start="CreatedAt",
        none=("ValidationException",),  # an application that is not for sessions
        within=Listing(
            Call("emr-serverless", "ListApplications", {"States": ["STARTED"], "MaxResults": 50}),
            items="Applications",
            ids={"application": "Id"},
        ),
    ),
    arn="arn:{partition}:emr-serverless:{region}:{account}:/applications/{application}/sessions/{session}",
    reads={"session": Call("emr-serverless", "GetSession", _ONE, _SESSION)},
    gone=("ResourceNotFound",),
    status="session.Session.State",
    phases={
        "SUBMITTED": Phase.PENDING,
        "STARTING": Phase.PENDING,
        "STARTED": Phase.LIVE,
        "IDLE": Phase.LIVE,
        "BUSY": Phase.LIVE,
        "TERMINATING": Phase.ENDING,
        "TERMINATED": Phase.OVER,
        "FAILED": Phase.OVER,
    },
    start="session.Session.CreatedAt",
    tags=Tags("session.Session.Tags", pairs=False),
    stop=Call("emr-serverless", "TerminateSession", _ONE, _SESSION),
    keep=Call(
        "emr-serverless", "TagResource", {"ResourceArn": "{arn}", "Tags": KEEP_MAP}, _APPLICATION
    ),
    facts={
        "idle_timeout": "session.Session.IdleTimeoutMinutes",
        "vcpu_hours": "session.Session.BilledResourceUtilization.VCPUHour",
        "gb_hours": "session.Session.BilledResourceUtilization.MemoryGBHour",
        "seconds": "session.Session.TotalExecutionDurationSeconds",
    },
    worth=worth,
    price="what was billed so far, by the hour, until the session's own idle timeout",
    loses="the session's variables and cached data",
    owner="session.Session.CreatedBy",
    idle=IdleSince("IDLE", "session.Session.IdleSince"),
    default_grace=timedelta(minutes=30),
    default_idle=timedelta(minutes=30),
    ends_itself=timedelta(hours=24),
)
