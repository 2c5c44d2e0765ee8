"""Glue interactive sessions: notebooks, Studio data previews. The kind guardian began with.

Facts: docs/reference/kinds.md. A session bills while it is READY, busy or not; a PROVISIONING one cannot be stopped;
its id is chosen by the caller and may hold any printable character.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, pick, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_MAP,
    Call,
    Kind,
    Listing,
    Phase,
    PriceBook,
    Tags,
    Worth,
    api_call,
)

# DPUs of one worker.
DPU = {
    "G.025X": "0.25",
    "G.1X": "1",
    "G.2X": "2",
    "G.4X": "4",
    "G.8X": "8",
    "G.12X": "12",
    "G.16X": "16",
}
MEMORY_OPTIMIZED = ("R.", "Z.")
"""Worker types that are priced by another unit than the DPU."""
# Glue's own: 48 hours. GetSession never tells the other one, Timeout.
DEFAULT_TIMEOUT_MINUTES = 2880


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """DPU-hours until Glue's own idle timeout would have ended the session."""
    rate, units = prices.rate("glue-dpu-hour", region), _dpu(facts)
    limit = pick(facts, "idle_timeout")
    minutes = limit if isinstance(limit, int | float) and limit > 0 else DEFAULT_TIMEOUT_MINUTES
    hours = Decimal(str(minutes)) / 60
    if rate is None or units is None:
        return Worth(
            None,
            hours,
            "unknown worker type" if rate is not None else "no Glue price for this region",
        )
    return Worth(rate * units, hours, f"{units} DPU at ${rate}/DPU-hour until Glue's own timeout")


def _dpu(facts: Document) -> Decimal | None:
    capacity, workers = pick(facts, "max_capacity"), pick(facts, "workers")
    worker = text(facts, "worker_type")
    if worker in DPU and isinstance(workers, int):
        return Decimal(DPU[worker]) * workers
    if worker.startswith(MEMORY_OPTIMIZED):
        return None
    return Decimal(str(capacity)) if isinstance(capacity, int | float) else None


_SESSION = "arn:{partition}:glue:{region}:{account}:session/*"

KIND = Kind(
    key="glue-session",
    title="Glue interactive session",
    starts=(
        api_call(
            "glue",
            ("CreateSession",),
            {"id": "responseElements.session.id"},
            origin="requestParameters.requestOrigin",
        ),
    ),
    listing=Listing(
        Call("glue", "ListSessions", {"MaxResults": 1000}),
        items="Sessions",
        ids={"id": "Id"},
        status="Status",
        start="CreatedOn",
        as_read="Session",
    ),
    arn="arn:{partition}:glue:{region}:{account}:session/{id}",
    reads={
        "session": Call("glue", "GetSession", {"Id": "{id}"}, _SESSION),
        # IAM's tables do not list a session among the resources of GetTags, so it is granted on all.
        "tags": Call("glue", "GetTags", {"ResourceArn": "{arn}"}),
    },
    gone=("EntityNotFound",),
    status="session.Session.Status",
    phases={
        "PROVISIONING": Phase.PENDING,
        "READY": Phase.LIVE,
        "STOPPING": Phase.ENDING,
        "STOPPED": Phase.OVER,
        "FAILED": Phase.OVER,
        "TIMEOUT": Phase.OVER,
    },
    start="session.Session.CreatedOn",
    tags=Tags("tags.Tags", pairs=False),
    stop=Call("glue", "StopSession", {"Id": "{id}"}, _SESSION),
    keep=Call("glue", "TagResource", {"ResourceArn": "{arn}", "TagsToAdd": KEEP_MAP}, _SESSION),
    facts={
        "max_capacity": "session.Session.MaxCapacity",
        "worker_type": "session.Session.WorkerType",
        "workers": "session.Session.NumberOfWorkers",
        "idle_timeout": "session.Session.IdleTimeout",
    },
    worth=worth,
    price="DPUs at the DPU-hour price until Glue's own idle timeout; R and Z workers are unknown",
    loses="the session's variables and cached data; its history stays",
    default_grace=timedelta(minutes=30),
    ends_itself=timedelta(minutes=DEFAULT_TIMEOUT_MINUTES),
)
