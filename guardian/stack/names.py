"""The names and ARNs of everything guardian makes in an account, in one place.

In templates the partition, region and account are CloudFormation's pseudo parameters; `resolved` puts real ones in.
"""

import hashlib
from dataclasses import dataclass

from guardian.ids import AccountId, Region, Slug, Target

PREFIX = "guardian"
ROLE_KIND = 14
"""A role's name has 64 characters: the prefix, a policy's 24 and a region's 15 leave so many for the kind."""
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

    @property
    def partition(self) -> str:
        """The partition that the organization lies in."""
        return self.bus_arn.split(":")[1]


def stack_set(slug: Slug) -> str:
    """The stack set of a policy. One called `access` gets a second dash, which no other name has."""
    name = f"{PREFIX}-{slug}"
    return name if name != ACCESS else f"{PREFIX}--{slug}"


def things_of(stack_set: str) -> str:
    """What the names of all things in a stack set's stacks begin with, a dash follows."""
    return stack_set.replace(f"{PREFIX}--", f"{PREFIX}-", 1)


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
def machine_role(slug: Slug, kind: str) -> str:
    return f"{PREFIX}-{slug}-${{AWS::Region}}-{_short(kind)}"


def _short(kind: str) -> str:
    """A kind's key in what a role's name leaves for it; one that does not fit is told apart by its hash."""
    if len(kind) <= ROLE_KIND:
        return kind
    digest = hashlib.sha256(kind.encode()).hexdigest()[:4]
    return f"{kind[: ROLE_KIND - 5].rstrip('-')}-{digest}"


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
    return unescaped(text)


def unescaped(text: str) -> str:
    """What Fn::Sub makes of a text that names nothing to put in."""
    return text.replace("${!", "${")


def partition_of(region: Region) -> str:
    """The partition that a region lies in."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")
