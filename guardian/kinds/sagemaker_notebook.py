"""SageMaker notebook instances. Stopping keeps the volume; everything under the user's home folder survives.

Facts: docs/reference/kinds.md. There is no start time: `LastModifiedTime` moves when the instance starts.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document, text
from guardian.ids import Region
from guardian.kinds.base import (
    KEEP_PAIRS,
    Call,
    Kind,
    Listing,
    Phase,
    PriceBook,
    StartEvent,
    Tags,
    Worth,
    api_call,
)

CAP = Decimal(24)  # nothing ends a notebook by itself: an estimate beyond a day would be a guess


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """Instance-hours for a day: a notebook has no timeout of its own."""
    instance = text(facts, "instance_type")
    rate = prices.rate(f"sagemaker-notebook:{instance}", region)
    basis = (
        f"{instance} at ${rate}/hour, 24 hours at most"
        if rate is not None
        else f"no price for {instance}"
    )
    return Worth(rate, CAP, basis)


# The instance's part of the ARN is in lower case whatever the name's case is.
_NOTEBOOK = "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/*"

KIND = Kind(
    key="sagemaker-notebook",
    title="SageMaker notebook instance",
    starts=(
        api_call(
            "sagemaker",
            ("CreateNotebookInstance", "StartNotebookInstance"),
            {"id": "requestParameters.notebookInstanceName"},
        ),
        StartEvent(
            "aws.sagemaker",
            {"id": "NotebookInstanceName"},
            "SageMaker Notebook Instance State Change",
            {"NotebookInstanceStatus": ("InService",)},
        ),
    ),
    listing=Listing(
        Call(
            "sagemaker", "ListNotebookInstances", {"StatusEquals": "InService", "MaxResults": 100}
        ),
        items="NotebookInstances",
        ids={"id": "NotebookInstanceName"},
        status="NotebookInstanceStatus",
        start="LastModifiedTime",
        as_read="",
    ),
    arn="arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{id_lower}",
    arn_told="notebook.NotebookInstanceArn",
    reads={
        "notebook": Call(
            "sagemaker", "DescribeNotebookInstance", {"NotebookInstanceName": "{id}"}, _NOTEBOOK
        ),
        "tags": Call("sagemaker", "ListTags", {"ResourceArn": "{arn}"}, _NOTEBOOK),
    },
    gone=("RecordNotFound",),
    status="notebook.NotebookInstanceStatus",
    phases={
        "Pending": Phase.PENDING,
        "Updating": Phase.PENDING,
        "PendingMaintenance": Phase.PENDING,
        "InMaintenance": Phase.PENDING,
        "InService": Phase.LIVE,
        "Stopping": Phase.ENDING,
        "Deleting": Phase.ENDING,
        "Stopped": Phase.OVER,
        "Failed": Phase.OVER,
    },
    start="notebook.LastModifiedTime",
    tags=Tags("tags.Tags"),
    stop=Call("sagemaker", "StopNotebookInstance", {"NotebookInstanceName": "{id}"}, _NOTEBOOK),
    keep=Call("sagemaker", "AddTags", {"ResourceArn": "{arn}", "Tags": KEEP_PAIRS}, _NOTEBOOK),
    facts={"instance_type": "notebook.InstanceType"},
    worth=worth,
    price="the instance for a day: nothing ends a notebook by itself; without its volume",
    loses="what is in memory; the volume and the user's home folder stay",
    default_grace=timedelta(hours=12),
)
