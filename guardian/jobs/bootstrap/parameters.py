"""What the hub's stack is told: what was asked for, what follows from where it is, what it was told before. Pure."""

import re
from collections.abc import Collection, Mapping

from guardian.errors import InputError
from guardian.policy.nearest import hint
from guardian.ports.bootstrap import Caller, HubStack, Network

ECR = re.compile(
    r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)/([^:@\s]+)(?:[:@]\S+)?"
)
"""The name of an image in ECR: account, region, and the repository."""
IMAGE, VPC, SUBNETS = "Image", "VpcId", "Subnets"


def read(given: Collection[str], declared: Collection[str]) -> Mapping[str, str]:
    """Parameters as they are typed, `Name=value`. Raises InputError."""
    problems, found = [], {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            problems.append(f"--parameter {text}: say Name=value")
        elif name not in declared:
            problems.append(
                f"--parameter {name}: there is no such parameter{hint(name, declared)}"
            )
        found[name] = value
    if problems:
        raise InputError(*problems)
    return found


def repository(image: str) -> str:
    """The ARN of the ECR repository that an image is in, empty for another registry."""
    found = ECR.fullmatch(image)
    if not found:
        return ""
    account, region, suffix, name = found.groups()
    partition = (
        "aws-cn" if suffix.endswith(".cn") else "aws-us-gov" if "-gov-" in region else "aws"
    )
    return f"arn:{partition}:ecr:{region}:{account}:repository/{name}"


def parameters(
    asked: Mapping[str, str], caller: Caller, stack: HubStack | None, network: Network | None
) -> Mapping[str, str]:
    """The parameters that are not what they were, or not the template's defaults.

    Raises InputError for an image without a network.
    """
    before = stack.parameters if stack and not stack.empty else {}
    made = {
        "OrganizationId": caller.organization,
        "CallAs": "self" if caller.manages else "delegated-admin",
        **asked,
    }
    image = made.get(IMAGE, before.get(IMAGE, ""))
    if made.get(IMAGE):
        made.setdefault("Repository", repository(image))
    if image and not made.get(VPC, before.get(VPC, "")):
        made.update(_network(made, network))
    if image and VPC in made and not made.get(SUBNETS):
        raise InputError(f"--parameter {VPC}={made[VPC]}: say --parameter {SUBNETS}=subnet-… too")
    return made


def _network(made: Mapping[str, str], network: Network | None) -> Mapping[str, str]:
    if network is None:
        raise InputError(
            f"there is no default VPC here: say --parameter {VPC}=vpc-… --parameter {SUBNETS}=subnet-…,subnet-…"
        )
    chosen = {VPC: network.vpc, SUBNETS: ",".join(network.subnets)}
    return chosen | ({SUBNETS: made[SUBNETS]} if SUBNETS in made else {})


def with_previous(
    made: Mapping[str, str], stack: HubStack | None, declared: Collection[str]
) -> Mapping[str, str | None]:
    """The same with None for each that keeps its value: CloudFormation would take the default else."""
    before = stack.parameters if stack and not stack.empty else {}
    return {**{name: None for name in before if name in declared}, **made}
