"""EMR Serverless applications that keep warm workers. Stopping one keeps it; the next job starts it again.

Facts: docs/reference/kinds.md. Without initial capacity a started application costs nothing while nothing runs on it. A
job or a session starts its application without anybody calling StartApplication: the service's own event tells.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from guardian.documents import Document, Json, pick, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_MAP,
    Call,
    Kept,
    Kind,
    Listing,
    Phase,
    PriceBook,
    Sign,
    StartEvent,
    Tags,
    Worth,
    api_call,
)

CAP = Decimal(24)
DEFAULT_MINUTES = 15  # of auto-stop, which is on unless somebody turns it off


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """The warm workers until the application would have stopped itself, a day at most."""
    hours = _hours(facts)
    cpu = prices.rate("emr-serverless-vcpu-hour", region)
    memory = prices.rate("emr-serverless-gb-hour", region)
    size = _size(facts)
    if cpu is None or memory is None or size is None:
        unknown = "an unknown capacity" if size is None else "no EMR Serverless price here"
        return Worth(None, hours, unknown)
    vcpus, gigabytes = size
    rate = cpu * vcpus + memory * gigabytes
    return Worth(rate, hours, f"{vcpus} vCPU and {gigabytes} GB kept warm at ${rate}/hour")


def _hours(facts: Document) -> Decimal:
    if pick(facts, "stops_itself") is False:
        return CAP
    minutes = pick(facts, "stops_after")
    return min(CAP, Decimal(minutes if isinstance(minutes, int) else DEFAULT_MINUTES) / 60)


def _size(facts: Document) -> tuple[Decimal, Decimal] | None:
    """VCPUs and gigabytes of all warm workers."""
    try:
        workers = list(_workers(pick(facts, "capacity")))
    except InvalidOperation:
        return None
    cpu = sum((count * cpu for count, cpu, _ in workers), Decimal(0))
    memory = sum((count * memory for count, _, memory in workers), Decimal(0))
    return (cpu, memory) if workers else None


def _workers(capacity: Json) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    for worker in capacity.values() if isinstance(capacity, Mapping) else ():
        count = pick(worker, "WorkerCount")
        if isinstance(count, int):
            yield (
                Decimal(count),
                _number(worker, "WorkerConfiguration.Cpu"),
                _number(worker, "WorkerConfiguration.Memory"),
            )


def _number(worker: Json, path: str) -> Decimal:
    """The number in `4vCPU` and in `16 GB`."""
    return Decimal(text(worker, path).lower().removesuffix("vcpu").removesuffix("gb").strip())


_APPLICATION = "arn:{partition}:emr-serverless:{region}:{account}:/applications/*"
_AT_WORK = ["SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING"]
_OPEN = ["SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY", "TERMINATING"]
_ONE = {"ApplicationId": "{id}"}

KIND = Kind(
    key="emr-serverless-application",
    title="EMR Serverless application",
    starts=(
        api_call(
            "emr-serverless",
            ("StartApplication",),
            {"id": "requestParameters.applicationId"},
        ),
        StartEvent(
            "aws.emr-serverless",
            {"id": "applicationId"},
            "EMR Serverless Application State Change",
            {"state": ("STARTED",)},
        ),
    ),
    listing=Listing(
        Call(
            "emr-serverless",
            "ListApplications",
            {"States": ["STARTING", "STARTED"], "MaxResults": 50},
        ),
        items="Applications",
        ids={"id": "Id"},
        status="State",
        start="UpdatedAt",
    ),
    arn="arn:{partition}:emr-serverless:{region}:{account}:/applications/{id}",
    reads={
        "application": Call("emr-serverless", "GetApplication", _ONE, _APPLICATION),
        "jobs": Call(
            "emr-serverless",
            "ListJobRuns",
            {**_ONE, "States": _AT_WORK, "MaxResults": 1},
            _APPLICATION,
        ),
        # Not optional: AWS says of jobs that they must have ended before, and nothing of sessions.
        "sessions": Call(
            "emr-serverless",
            "ListSessions",
            {**_ONE, "States": _OPEN, "MaxResults": 1},
            _APPLICATION,
        ),
    },
    gone=("ResourceNotFound",),
    status="application.Application.State",
    phases={
        "CREATING": Phase.OVER,
        "CREATED": Phase.OVER,
        "STARTING": Phase.PENDING,
        "STARTED": Phase.LIVE,
        "STOPPING": Phase.ENDING,
        "STOPPED": Phase.OVER,
        "TERMINATED": Phase.OVER,
    },
    start="application.Application.UpdatedAt",
    tags=Tags("application.Application.Tags", pairs=False),
    stop=Call("emr-serverless", "StopApplication", _ONE, _APPLICATION),
    keep=Call(
        "emr-serverless", "TagResource", {"ResourceArn": "{arn}", "Tags": KEEP_MAP}, _APPLICATION
    ),
    facts={
        "capacity": "application.Application.InitialCapacity",
        "stops_itself": "application.Application.AutoStopConfiguration.Enabled",
        "stops_after": "application.Application.AutoStopConfiguration.IdleTimeoutMinutes",
    },
    worth=worth,
    price="the warm workers' vCPUs and memory until auto-stop would have stopped it, a day at most",
    loses="nothing but the warm workers; the next job waits until they are up again",
    kept=(
        Kept(
            "application.Application.InitialCapacity",
            "it has no initial capacity and costs nothing while idle",
            Sign.EMPTY,
        ),
    ),
    busy={
        "jobs.JobRuns": "a job is running on it",
        "sessions.Sessions": "a session is open on it",
    },
    default_grace=timedelta(hours=1),
)
