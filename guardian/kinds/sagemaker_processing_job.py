"""SageMaker processing jobs. Not governed unless a policy names it: a stopped job is lost work.

Facts: docs/reference/kinds.md.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, pick, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_PAIRS,
    Call,
    Kind,
    Listing,
    Phase,
    PriceBook,
    Tags,
    Worth,
    api_call,
)

CAP = Decimal(24)


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """Instance-hours until the job's own limit, a day at most."""
    instance, count = text(facts, "instance_type"), pick(facts, "instance_count")
    seconds = pick(facts, "max_seconds")
    hours = min(CAP, Decimal(seconds) / 3600) if isinstance(seconds, int) else CAP
    rate = prices.rate(f"sagemaker-processing:{instance}", region)
    if rate is None or not isinstance(count, int):
        return Worth(None, hours, f"no price for {instance or 'an unknown fleet'}")
    return Worth(rate * count, hours, f"{count} x {instance} at ${rate}/hour until its own limit")


_JOB = "arn:{partition}:sagemaker:{region}:{account}:processing-job/*"
_ONE = {"ProcessingJobName": "{id}"}

KIND = Kind(
    key="sagemaker-processing-job",
    title="SageMaker processing job",
    starts=(
        api_call(
            "sagemaker", ("CreateProcessingJob",), {"id": "requestParameters.processingJobName"}
        ),
    ),
    listing=Listing(
        Call("sagemaker", "ListProcessingJobs", {"StatusEquals": "InProgress", "MaxResults": 100}),
        items="ProcessingJobSummaries",
        ids={"id": "ProcessingJobName"},
        status="ProcessingJobStatus",
        start="CreationTime",
    ),
    arn="arn:{partition}:sagemaker:{region}:{account}:processing-job/{id}",
    arn_told="job.ProcessingJobArn",
    reads={
        "job": Call("sagemaker", "DescribeProcessingJob", _ONE, _JOB),
        "tags": Call("sagemaker", "ListTags", {"ResourceArn": "{arn}"}, _JOB),
    },
    gone=("ResourceNotFound", "RecordNotFound", "Could not find requested job"),
    status="job.ProcessingJobStatus",
    phases={
        "InProgress": Phase.LIVE,
        "Stopping": Phase.ENDING,
        "Completed": Phase.OVER,
        "Failed": Phase.OVER,
        "Stopped": Phase.OVER,
    },
    start="job.ProcessingStartTime",
    tags=Tags("tags.Tags"),
    stop=Call("sagemaker", "StopProcessingJob", _ONE, _JOB),
    keep=Call("sagemaker", "AddTags", {"ResourceArn": "{arn}", "Tags": KEEP_PAIRS}, _JOB),
    facts={
        "instance_type": "job.ProcessingResources.ClusterConfig.InstanceType",
        "instance_count": "job.ProcessingResources.ClusterConfig.InstanceCount",
        "max_seconds": "job.StoppingCondition.MaxRuntimeInSeconds",
    },
    worth=worth,
    price="the job's instances until its own maximum runtime, a day at most",
    loses="what the job has not written out yet",
    default=False,
    default_grace=timedelta(hours=12),
    ends_itself=timedelta(hours=24),
)
