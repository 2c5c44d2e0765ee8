"""SageMaker endpoints. Not governed unless a policy names it: stopping one deletes it, and callers get errors at once.

Facts: docs/reference/kinds.md. Its configuration and its models stay: one call makes it anew.
"""

from datetime import timedelta
from decimal import Decimal

from guardian.documents import Document
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


def worth(_facts: Document, _prices: PriceBook, _region: Region) -> Worth:
    """Not known: DescribeEndpoint does not tell the type of its instances, only its configuration does."""
    return Worth(None, CAP, "an endpoint does not tell the type of its instances")


_ENDPOINT = "arn:{partition}:sagemaker:{region}:{account}:endpoint/*"
_ONE = {"EndpointName": "{id}"}

KIND = Kind(
    key="sagemaker-endpoint",
    title="SageMaker endpoint",
    starts=(
        api_call(
            "sagemaker",
            ("CreateEndpoint", "UpdateEndpoint"),
            {"id": "requestParameters.endpointName"},
        ),
    ),
    listing=Listing(
        Call("sagemaker", "ListEndpoints", {"StatusEquals": "InService", "MaxResults": 100}),
        items="Endpoints",
        ids={"id": "EndpointName"},
        status="EndpointStatus",
        start="LastModifiedTime",
    ),
    arn="arn:{partition}:sagemaker:{region}:{account}:endpoint/{id}",
    arn_told="endpoint.EndpointArn",
    reads={
        "endpoint": Call("sagemaker", "DescribeEndpoint", _ONE, _ENDPOINT),
        "tags": Call("sagemaker", "ListTags", {"ResourceArn": "{arn}"}, _ENDPOINT),
    },
    gone=("Could not find endpoint", "RecordNotFound"),
    status="endpoint.EndpointStatus",
    phases={
        "Creating": Phase.PENDING,
        "Updating": Phase.PENDING,
        "SystemUpdating": Phase.PENDING,
        "RollingBack": Phase.PENDING,
        "InService": Phase.LIVE,
        "OutOfService": Phase.LIVE,
        "UpdateRollbackFailed": Phase.LIVE,
        "Deleting": Phase.ENDING,
        "Failed": Phase.OVER,
    },
    # Not its creation: what is updated or scaled is in use.
    start="endpoint.LastModifiedTime",
    tags=Tags("tags.Tags"),
    stop=Call("sagemaker", "DeleteEndpoint", _ONE, _ENDPOINT),
    keep=Call("sagemaker", "AddTags", {"ResourceArn": "{arn}", "Tags": KEEP_PAIRS}, _ENDPOINT),
    facts={},
    worth=worth,
    price="unknown: an endpoint does not tell the type of its instances",
    loses="the endpoint: its callers get errors until it is made anew from its configuration, which stays",
    busy={
        "endpoint.ProductionVariants[].CurrentServerlessConfig": "it is serverless and costs nothing at rest"
    },
    default=False,
    default_grace=timedelta(days=7),
)
