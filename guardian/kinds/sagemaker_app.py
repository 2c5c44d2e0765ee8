"""SageMaker Studio apps: JupyterLab, Code Editor, kernels. Deleting an app keeps the space, its volume and its files.

Facts: docs/reference/kinds.md. An app belongs to a space or to a user profile, never to both. SageMaker's "last user
activity" moves with its own health checks, so it says nothing about idleness. A deleted app stays listed for a day.
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
    Tags,
    Worth,
    api_call,
)

# Its space may end it when idle, or never: an estimate beyond a day would be a guess.
CAP = Decimal(24)


def worth(facts: Document, prices: PriceBook, region: Region) -> Worth:
    """Instance-hours for a day; an instance costs in Studio what it costs under a notebook."""
    instance = text(facts, "instance_type")
    rate = prices.rate(f"sagemaker-notebook:{instance}", region)
    basis = f"{instance} at ${rate}/hour, 24 hours at most"
    return Worth(rate, CAP, basis if rate is not None else f"no price for {instance}")


_APP = "arn:{partition}:sagemaker:{region}:{account}:app/*"
_ITSELF = {
    "DomainId": "{domain}",
    "UserProfileName": "{profile?}",
    "SpaceName": "{space?}",
    "AppType": "{type}",
    "AppName": "{name}",
}

KIND = Kind(
    key="sagemaker-app",
    title="SageMaker Studio app",
    parts=("domain", "profile", "space", "type", "name"),
    starts=(
        api_call(
            "sagemaker",
            ("CreateApp",),
            {
                "domain": "requestParameters.domainId",
                "profile": "requestParameters.userProfileName",
                "space": "requestParameters.spaceName",
                "type": "requestParameters.appType",
                "name": "requestParameters.appName",
            },
        ),
    ),
    listing=Listing(
        Call("sagemaker", "ListApps", {"MaxResults": 100}),
        items="Apps",
        ids={
            "domain": "DomainId",
            "profile": "UserProfileName",
            "space": "SpaceName",
            "type": "AppType",
            "name": "AppName",
        },
        status="Status",
        start="CreationTime",
    ),
    # The space or the profile: one of the two is empty. The type is in lower case here and nowhere else.
    arn="arn:{partition}:sagemaker:{region}:{account}:app/{domain}/{profile}{space}/{type_lower}/{name}",
    arn_told="app.AppArn",
    reads={
        "app": Call("sagemaker", "DescribeApp", _ITSELF, _APP),
        "tags": Call("sagemaker", "ListTags", {"ResourceArn": "{arn}"}, _APP),
        "space": Call(
            "sagemaker",
            "DescribeSpace",
            {"DomainId": "{domain}", "SpaceName": "{space}"},
            "arn:{partition}:sagemaker:{region}:{account}:space/*",
        ),
    },
    optional=("space",),  # it tells the owner, and an app of a user profile has none
    gone=("ResourceNotFound", "RecordNotFound"),
    status="app.Status",
    phases={
        "Pending": Phase.PENDING,
        "InService": Phase.LIVE,
        "Deleting": Phase.ENDING,
        "Deleted": Phase.OVER,
        "Failed": Phase.OVER,
    },
    start="app.CreationTime",
    tags=Tags("tags.Tags"),
    stop=Call("sagemaker", "DeleteApp", _ITSELF, _APP),
    keep=Call("sagemaker", "AddTags", {"ResourceArn": "{arn}", "Tags": KEEP_PAIRS}, _APP),
    facts={"instance_type": "app.ResourceSpec.InstanceType"},
    worth=worth,
    price="the instance for a day; Canvas and apps without an instance of their own are unknown",
    loses="what was in memory: open kernels and terminals; the space and its volume stay",
    # Not by the instance `system`: that is free under a JupyterServer, and no more than a name under other types.
    kept=(
        Kept("app.AppType", "it is the free server of Studio Classic", "JupyterServer"),
        Kept("app.AppType", "RStudio in its domain runs through it", "RStudioServerPro"),
    ),
    owner="space.OwnershipSettings.OwnerUserProfileName",
    default_grace=timedelta(hours=12),
)
