"""SageMaker training jobs. Not governed unless a policy names it: a stopped job is a lost training.

Facts: docs/reference/kinds.md. A job that is told to stop has two minutes to save its model.
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
    rate = prices.rate(f"sagemaker-training:{instance}", region)
    if rate is None or not isinstance(count, int):
        return Worth(None, hours, f"no price for {instance or 'an unknown fleet'}")
    return Worth(rate * count, hours, f"{count} x {instance} at ${rate}/hour until its own limit")


_JOB = "arn:{partition}:sagemaker:{region}:{account}:training-job/*"
_ONE = {"TrainingJobName": "{id}"}

KIND = Kind(
    key="sagemaker-training-job",
    title="SageMaker training job",
    starts=(
        api_call("sagemaker", ("CreateTrainingJob",), {"id": "requestParameters.trainingJobName"}),
    ),
    listing=Listing(
        Call("sagemaker", "ListTrainingJobs", {"StatusEquals": "InProgress", "MaxResults": 100}),
        items="TrainingJobSummaries",
        ids={"id": "TrainingJobName"},
        status="TrainingJobStatus",
        start="CreationTime",
    ),
    arn="arn:{partition}:sagemaker:{region}:{account}:training-job/{id}",
    arn_told="job.TrainingJobArn",
    reads={
        "job": Call("sagemaker", "DescribeTrainingJob", _ONE, _JOB),
        "tags": Call("sagemaker", "ListTags", {"ResourceArn": "{arn}"}, _JOB),
    },
    gone=("ResourceNotFound", "RecordNotFound", "Requested resource not found"),
    status="job.TrainingJobStatus",
    phases={
        "InProgress": Phase.LIVE,
        "Stopping": Phase.ENDING,
        "Deleting": Phase.ENDING,
        "Completed": Phase.OVER,
        "Failed": Phase.OVER,
        "Stopped": Phase.OVER,
    },
    # Not its creation: a job may wait for reserved capacity for days, and bills once it has begun.
    start="job.TrainingStartTime",
    tags=Tags("tags.Tags"),
    stop=Call("sagemaker", "StopTrainingJob", _ONE, _JOB),
    keep=Call("sagemaker", "AddTags", {"ResourceArn": "{arn}", "Tags": KEEP_PAIRS}, _JOB),
    facts={
        "instance_type": "job.ResourceConfig.InstanceType",
        "instance_count": "job.ResourceConfig.InstanceCount",
        "max_seconds": "job.StoppingCondition.MaxRuntimeInSeconds",
    },
    worth=worth,
    price="the job's instances until its own maximum runtime, a day at most",
    loses="the training since its last checkpoint; the job has two minutes to save",
    default=False,
    default_grace=timedelta(hours=12),
    ends_itself=timedelta(hours=24),
)
