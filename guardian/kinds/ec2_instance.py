"""EC2 instances. Not governed unless a policy names it. Stopping keeps the volumes; what lives in memory is lost.

Facts: docs/reference/kinds.md. One RunInstances may start many. What belongs to an Auto Scaling group, to EMR, to EKS
or to a fleet is its owner's to stop: it would be replaced, or break.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_PAIRS,
    Call,
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

CAP = Decimal(24)


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """Instance-hours for a day: nothing ends an instance by itself. Its volumes bill on and are not in it."""
    instance, platform = text(facts, "instance_type"), text(facts, "platform")
    if platform not in {"", "Linux/UNIX"}:
        return Worth(None, CAP, f"no price for {instance} with {platform}")
    rate = prices.rate(f"ec2-instance:{instance}", region)
    basis = f"{instance} (Linux, on demand) at ${rate}/hour, 24 hours at most"
    return Worth(rate, CAP, basis if rate is not None else f"no price for {instance}")


_INSTANCE = "arn:{partition}:ec2:{region}:{account}:instance/*"
_IT = "instances.Reservations[0].Instances[0]"

KIND = Kind(
    key="ec2-instance",
    title="EC2 instance",
    starts=(
        api_call(
            "ec2",
            ("RunInstances", "StartInstances"),
            {"id": "responseElements.instancesSet.items[].instanceId"},
        ),
        StartEvent(
            "aws.ec2",
            {"id": "instance-id"},
            "EC2 Instance State-change Notification",
            {"state": ("running",)},
        ),
    ),
    listing=Listing(
        Call(
            "ec2",
            "DescribeInstances",
            {
                "Filters": [{"Name": "instance-state-name", "Values": ["pending", "running"]}],
                "MaxResults": 1000,
            },
        ),
        items="Reservations[].Instances[]",
        ids={"id": "InstanceId"},
        status="State.Name",
        start="LaunchTime",
    ),
    arn="arn:{partition}:ec2:{region}:{account}:instance/{id}",
    reads={
        "instances": Call("ec2", "DescribeInstances", {"InstanceIds": ["{id}"]}),
        "protection": Call(
            "ec2",
            "DescribeInstanceAttribute",
            {"InstanceId": "{id}", "Attribute": "disableApiStop"},
            _INSTANCE,
        ),
    },
    optional=(
        "protection",
    ),  # EC2 itself refuses to stop a protected one; a terminated one may have none
    gone=("InvalidInstanceID", "does not exist"),
    status=f"{_IT}.State.Name",
    phases={
        "pending": Phase.PENDING,
        "running": Phase.LIVE,
        "shutting-down": Phase.ENDING,
        "stopping": Phase.ENDING,
        "stopped": Phase.OVER,
        "terminated": Phase.OVER,
    },
    start=f"{_IT}.LaunchTime",
    tags=Tags(f"{_IT}.Tags"),
    stop=Call(
        "ec2",
        "StopInstances",
        {"InstanceIds": ["{id}"]},
        _INSTANCE,
    ),
    keep=Call("ec2", "CreateTags", {"Resources": ["{id}"], "Tags": KEEP_PAIRS}, _INSTANCE),
    facts={"instance_type": f"{_IT}.InstanceType", "platform": f"{_IT}.PlatformDetails"},
    worth=worth,
    price="the instance on demand for a day, with Linux; without volumes and addresses",
    loses="what is in memory and on instance store; volumes and addresses stay, and bill on",
    kept=(
        Kept("protection.DisableApiStop.Value", "stop protection is on"),
        Kept(f"{_IT}.Operator.Managed", "a service manages it"),
        Kept(f"{_IT}.InstanceLifecycle", "it is a spot instance", "spot"),
        Kept(f"{_IT}.InstanceLifecycle", "it is in a capacity block", "capacity-block"),
        Kept(
            f"{_IT}.InstanceLifecycle",
            "it is in an interruptible capacity reservation",
            "interruptible-capacity-reservation",
        ),
        Kept(
            f"{_IT}.RootDeviceType",
            "it cannot be stopped: its root is on instance store",
            "instance-store",
        ),
    ),
    kept_tags={
        "aws:autoscaling:groupName": "an Auto Scaling group would replace it",
        "aws:elasticmapreduce:job-flow-id": "it belongs to an EMR cluster",
        "aws:ec2:fleet-id": "it belongs to a fleet",
        "aws:ec2spot:fleet-request-id": "it belongs to a Spot fleet",
        "kubernetes.io/cluster/*": "it belongs to a Kubernetes cluster",
        "eks:cluster-name": "it belongs to an EKS cluster",
        "aws:eks:cluster-name": "it belongs to an EKS cluster",
        "eks:eks-cluster-name": "it belongs to an EKS cluster",
        "karpenter.sh/nodepool": "Karpenter would replace it",
        "parallelcluster:cluster-name": "it belongs to a ParallelCluster",
    },
    default=False,
    default_grace=timedelta(hours=12),
)
