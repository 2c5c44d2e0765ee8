"""The names and ARNs of everything guardian makes in an account, in one place.

In templates the partition, region and account are CloudFormation's pseudo parameters; `resolved` puts real ones in.
"""

from dataclasses import dataclass

from guardian.ids import AccountId, Region, Slug, Target

PREFIX = "guardian"
ACCESS = f"{PREFIX}-access"
"""The stack set that brings the member role."""


@dataclass(frozen=True)
class Hub:
    """Where outcomes are sent, and who may come from there. `principal` is an ARN, `*` allowed in it."""

    account: AccountId
    bus_arn: str
    principal: str
    organization: str
    member_role: str = "guardian-member"


def stack_set(slug: Slug) -> str:
    return f"{PREFIX}-{slug}"


def machine(slug: Slug, kind: str) -> str:
    return f"{PREFIX}-{slug}-{kind}"


def rule(slug: Slug, kind: str, number: int) -> str:
    """The rule of a kind's start event; a kind with several has them numbered."""
    return f"{PREFIX}-{slug}-{kind}" + (f"-{number}" if number else "")


def forward_rule(slug: Slug) -> str:
    return f"{PREFIX}-{slug}-forward"


def undelivered_queue(slug: Slug) -> str:
    return f"{PREFIX}-{slug}-undelivered"


# IAM is global: the region in a role's name lets the same stack stand in several.
def machine_role(slug: Slug) -> str:
    return f"{PREFIX}-{slug}-${{AWS::Region}}"


def events_role(slug: Slug) -> str:
    return f"{PREFIX}-{slug}-${{AWS::Region}}-events"


def arn(service: str, resource: str) -> str:
    """An ARN in the stack's own account and region."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def role_arn(name: str) -> str:
    return f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name}"


def resolved(text: str, target: Target, partition: str) -> str:
    """What CloudFormation's Fn::Sub makes of a text in a target."""
    real = {"Partition": partition, "Region": target.region, "AccountId": target.account}
    for name, value in real.items():
        text = text.replace(f"${{AWS::{name}}}", value)
    return text.replace("${!", "${")


def partition_of(region: Region) -> str:
    """The partition that a region lies in."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")
