"""Interactive sessions on EMR clusters (Spark Connect). The bill is the cluster's: without sessions it can become idle.

Facts: docs/reference/kinds.md. EMR tells since when a session is idle.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document
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


def worth(_facts: Document, _prices: PriceBook, _region: Region) -> Worth:
    """Nothing of its own."""
    return Worth(
        Decimal(0), Decimal(0), "its cluster's bill; ending it lets the cluster become idle"
    )


_CLUSTER = "arn:{partition}:elasticmapreduce:{region}:{account}:cluster/*"
_SESSION = f"{_CLUSTER}/session/*"
_ONE = {"ClusterId": "{cluster}", "SessionId": "{session}"}

KIND = Kind(
    key="emr-session",
    title="EMR session",
    parts=("cluster", "session"),
    starts=(
        api_call(
            "elasticmapreduce",
            ("StartSession",),
            {"cluster": "requestParameters.clusterId", "session": "responseElements.id"},
        ),
    ),
    listing=Listing(
        Call(
            "emr",
            "ListSessions",
            {
                "ClusterId": "{cluster}",
                "SessionStates": ["SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY"],
            },
            _CLUSTER,
            "elasticmapreduce",
        ),
        items="Sessions",
        ids={"session": "Id"},
        status="State",
        start="CreatedAt",
        none=("InvalidRequestException",),  # a cluster that was made without sessions
        within=Listing(
            Call(
                "emr",
                "ListClusters",
                {"ClusterStates": ["RUNNING", "WAITING"]},
                iam="elasticmapreduce",
            ),
            items="Clusters",
            ids={"cluster": "Id"},
            page="Marker",
        ),
    ),
    arn="arn:{partition}:elasticmapreduce:{region}:{account}:cluster/{cluster}/session/{session}",
    reads={"session": Call("emr", "GetSession", _ONE, _SESSION, "elasticmapreduce")},
    gone=("is not valid", "not found", "does not exist"),  # EMR has no error code for it
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
    tags=Tags("session.Session.Tags"),
    stop=Call("emr", "TerminateSession", _ONE, _SESSION, "elasticmapreduce"),
    keep=Call(
        "emr",
        "AddTags",
        {"ResourceId": "{session}", "ClusterId": "{cluster}", "Tags": KEEP_PAIRS},
        _CLUSTER,
        "elasticmapreduce",
    ),
    facts={},
    worth=worth,
    price="nothing of its own: the bill is its cluster's",
    loses="the session's variables and cached data",
    idle=IdleSince("IDLE", "session.Session.IdleSince"),
    default_grace=timedelta(minutes=30),
    default_idle=timedelta(minutes=30),
)
