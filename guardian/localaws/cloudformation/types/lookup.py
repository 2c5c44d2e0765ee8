"""Finds the type of a resource by its name."""

from collections.abc import Mapping
from functools import cache

from moto.cloudformation.exceptions import ValidationError

from guardian.localaws.cloudformation.resource import ResourceType
from guardian.localaws.cloudformation.types import (
    cloudwatch,
    ec2,
    ecs,
    events,
    iam,
    messages,
    models,
    s3,
    secrets,
)

MADE_HERE = (cloudwatch, ec2, ecs, events, iam, messages, s3, secrets)


@cache
def _own_types() -> Mapping[str, ResourceType]:
    own = (one for module in MADE_HERE for one in module.TYPES)
    return {one.name: one for one in (*own, *models.known_types())}


UNSUPPORTED = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet")
"""Moto's models of these know nothing of the stacks that local AWS makes."""


def type_named(name: str) -> ResourceType | None:
    """Local AWS's type, else moto's, else None."""
    if name in UNSUPPORTED:
        return None
    return _own_types().get(name) or models.model_type(name)


def check_types(template: Mapping[str, Mapping[str, Mapping[str, str]]]) -> None:
    """Raises ValidationError when a resource is of a type nobody makes."""
    named = {resource["Type"] for resource in template["Resources"].values()}
    if unknown := sorted(name for name in named if type_named(name) is None):
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        )
