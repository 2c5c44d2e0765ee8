"""Runs of Glue jobs. Not governed unless a policy names it: a job may well be somebody's production.

Facts: docs/reference/kinds.md. Triggers and workflows start runs without a call in the trail: those the sweep finds.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, pick, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_MAP,
    Call,
    Kept,
    Kind,
    Listing,
    Phase,
    PriceBook,
    Tags,
    Worth,
    api_call,
)

CAP = Decimal(24)
MEMORY_OPTIMIZED = ("R.", "Z.")
"""Worker types that are priced by another unit than the DPU."""


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """DPU-hours until the run's own timeout, a day at most; flexible runs have a price of their own."""
    minutes, capacity = pick(facts, "timeout"), pick(facts, "max_capacity")
    hours = min(CAP, Decimal(minutes) / 60) if isinstance(minutes, int) and minutes > 0 else CAP
    memory_optimized = text(facts, "worker_type").startswith(MEMORY_OPTIMIZED)
    if memory_optimized or not isinstance(capacity, int | float):
        return Worth(None, hours, "an unknown capacity")
    flexible = text(facts, "execution_class") == "FLEX"
    rate = prices.rate("glue-flex-dpu-hour" if flexible else "glue-dpu-hour", region)
    if rate is None:
        return Worth(None, hours, "no Glue price for this region")
    basis = f"{capacity} DPU at ${rate}/DPU-hour until the run's own timeout"
    return Worth(rate * Decimal(str(capacity)), hours, basis)


_JOB = "arn:{partition}:glue:{region}:{account}:job/*"

KIND = Kind(
    key="glue-job-run",
    title="Glue job run",
    parts=("job", "run"),
    starts=(
        api_call(
            "glue",
            ("StartJobRun",),
            {"job": "requestParameters.jobName", "run": "responseElements.jobRunId"},
        ),
    ),
    listing=Listing(
        Call("glue", "GetJobRuns", {"JobName": "{job}", "MaxResults": 200}, _JOB),
        items="JobRuns",
        ids={"run": "Id"},
        status="JobRunState",
        start="StartedOn",
        as_read="JobRun",
        page="",  # the newest come first: what still runs is among them, and a history may be long
        within=Listing(
            Call("glue", "ListJobs", {"MaxResults": 100}), items="JobNames", ids={"job": ""}
        ),
    ),
    arn="arn:{partition}:glue:{region}:{account}:job/{job}",
    reads={
        "run": Call("glue", "GetJobRun", {"JobName": "{job}", "RunId": "{run}"}, _JOB),
        "job": Call("glue", "GetJob", {"JobName": "{job}"}, _JOB),
        "tags": Call("glue", "GetTags", {"ResourceArn": "{arn}"}, _JOB),
    },
    gone=("EntityNotFound",),
    status="run.JobRun.JobRunState",
    phases={
        "WAITING": Phase.PENDING,
        "STARTING": Phase.LIVE,
        "RUNNING": Phase.LIVE,
        "STOPPING": Phase.ENDING,
        "STOPPED": Phase.OVER,
        "SUCCEEDED": Phase.OVER,
        "FAILED": Phase.OVER,
        "TIMEOUT": Phase.OVER,
        "ERROR": Phase.OVER,
        "EXPIRED": Phase.OVER,
    },
    start="run.JobRun.StartedOn",
    tags=Tags("tags.Tags", pairs=False),
    stop=Call("glue", "BatchStopJobRun", {"JobName": "{job}", "JobRunIds": ["{run}"]}, _JOB),
    keep=Call("glue", "TagResource", {"ResourceArn": "{arn}", "TagsToAdd": KEEP_MAP}, _JOB),
    facts={
        "max_capacity": "run.JobRun.MaxCapacity",
        "timeout": "run.JobRun.Timeout",
        "worker_type": "run.JobRun.WorkerType",
        "execution_class": "run.JobRun.ExecutionClass",
    },
    worth=worth,
    price="DPUs at the price of the run's class until its own timeout, a day at most",
    loses="the run; what it has not written yet is lost, and its bookmark stays where it was",
    kept=(Kept("job.Job.Command.Name", "a streaming job is made to run on", "gluestreaming"),),
    default=False,
    default_grace=timedelta(hours=12),
    ends_itself=timedelta(hours=48),
)
