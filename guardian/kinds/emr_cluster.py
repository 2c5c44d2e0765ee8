"""EMR clusters on EC2 that sit idle. Termination loses HDFS, so an idle rule is what stops them, never age alone.

Facts: docs/reference/kinds.md. CloudWatch's IsIdle is a sample every five minutes; termination protection is somebody's
will and is never cleared.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, Json, pick
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_PAIRS,
    Call,
    IdleSamples,
    Kept,
    Kind,
    Listing,
    Phase,
    PriceBook,
    StartEvent,
    Tags,
    Worth,
    api_call,
)

# Nothing ends a waiting cluster by itself: an estimate beyond a day would be a guess.
CAP = Decimal(24)


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """EC2 plus EMR for every running instance, for a day."""
    types, counts = pick(facts, "instance_types"), pick(facts, "instance_counts")
    fleet = list(zip(_texts(types), _numbers(counts), strict=False))
    rates = [(prices.rate(f"emr-instance:{name}", region), count) for name, count in fleet]
    unknown = [name for (name, _), (rate, _) in zip(fleet, rates, strict=True) if rate is None]
    if not fleet or unknown:
        return Worth(None, CAP, f"no price for {', '.join(unknown) or 'an unknown fleet'}")
    total = sum((rate * count for rate, count in rates if rate is not None), Decimal(0))
    described = " + ".join(f"{count} x {name}" for name, count in fleet)
    return Worth(total, CAP, f"{described} at ${total}/hour, 24 hours at most")


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, Sequence) else []


def _numbers(value: Json) -> list[int]:
    return [item for item in value if isinstance(item, int)] if isinstance(value, Sequence) else []


_CLUSTER = "arn:{partition}:elasticmapreduce:{region}:{account}:cluster/*"
_ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
_SAMPLE = timedelta(minutes=5)

KIND = Kind(
    key="emr-cluster",
    title="EMR cluster",
    starts=(
        api_call("elasticmapreduce", ("RunJobFlow",), {"id": "responseElements.jobFlowId"}),
        StartEvent(
            "aws.emr", {"id": "clusterId"}, "EMR Cluster State Change", {"state": ("WAITING",)}
        ),
    ),
    listing=Listing(
        Call("emr", "ListClusters", {"ClusterStates": _ALIVE}, iam="elasticmapreduce"),
        items="Clusters",
        ids={"id": "Id"},
        status="Status.State",
        start="Status.Timeline.CreationDateTime",
        page="Marker",
    ),
    arn="arn:{partition}:elasticmapreduce:{region}:{account}:cluster/{id}",
    reads={
        "cluster": Call(
            "emr", "DescribeCluster", {"ClusterId": "{id}"}, _CLUSTER, "elasticmapreduce"
        ),
        "groups": Call(
            "emr", "ListInstanceGroups", {"ClusterId": "{id}"}, _CLUSTER, "elasticmapreduce"
        ),
    },
    optional=("groups",),  # a cluster of instance fleets has none: its price is then unknown
    gone=("is not valid",),
    status="cluster.Cluster.Status.State",
    phases={
        "STARTING": Phase.PENDING,
        "BOOTSTRAPPING": Phase.PENDING,
        "RUNNING": Phase.LIVE,
        "WAITING": Phase.LIVE,
        "TERMINATING": Phase.ENDING,
        "TERMINATED": Phase.OVER,
        "TERMINATED_WITH_ERRORS": Phase.OVER,
    },
    # Not its creation: while it bootstraps it is neither idle nor at work.
    start="cluster.Cluster.Status.Timeline.ReadyDateTime",
    tags=Tags("cluster.Cluster.Tags"),
    # One id a call: of several, AWS may end the unprotected ones and refuse the rest.
    stop=Call("emr", "TerminateJobFlows", {"JobFlowIds": ["{id}"]}, _CLUSTER, "elasticmapreduce"),
    keep=Call(
        "emr", "AddTags", {"ResourceId": "{id}", "Tags": KEEP_PAIRS}, _CLUSTER, "elasticmapreduce"
    ),
    facts={
        "instance_types": "groups.InstanceGroups[].InstanceType",
        "instance_counts": "groups.InstanceGroups[].RunningInstanceCount",
    },
    worth=worth,
    price="EC2 plus EMR for all running instances for a day; without EBS, and Spot at the full price",
    loses="the cluster: HDFS, logs not yet written to S3, and whatever still runs on it",
    kept=(Kept("cluster.Cluster.TerminationProtected", "termination protection is on"),),
    idle=IdleSamples(
        read=Call(
            "cloudwatch",
            "GetMetricData",
            {
                "StartTime": "{idle_from}",
                "EndTime": "{now}",
                "MetricDataQueries": [
                    {
                        "Id": "idle",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/ElasticMapReduce",
                                "MetricName": "IsIdle",
                                "Dimensions": [{"Name": "JobFlowId", "Value": "{id}"}],
                            },
                            "Period": int(_SAMPLE.total_seconds()),
                            "Stat": "Minimum",
                        },
                    }
                ],
            },
        ),
        samples="MetricDataResults[].Values[]",
        period=_SAMPLE,
        status="WAITING",
    ),
    default_grace=timedelta(0),
    default_idle=timedelta(hours=1),
)
