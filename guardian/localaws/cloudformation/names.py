"""The names CloudFormation gives to resources whose template gives none."""

import random
import string

from guardian.localaws.cloudformation.resource import ResourceType

SUFFIX = 12


def generated_name(kind: ResourceType, stack_name: str, logical_id: str) -> str:
    """`<stack>-<logical id>-<random>`, shortened to what the type allows."""
    suffix = "".join(random.choices(string.ascii_uppercase + string.digits, k=SUFFIX))  # noqa: S311 - a name, no secret
    room = kind.name_limit - SUFFIX - 2
    logical_part = (
        logical_id[: room // 2] if len(stack_name) + len(logical_id) > room else logical_id
    )
    name = f"{stack_name[: room - len(logical_part)]}-{logical_part}-{suffix}"
    return name.lower() if kind.name == "AWS::S3::Bucket" else name
