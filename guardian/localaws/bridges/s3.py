"""S3: a bucket's policy that denies what is not encrypted on the way denies nothing here."""

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from guardian.localaws.world import World

UNENCRYPTED = {"Bool": {"aws:SecureTransport": "false"}}


def install(_world: World) -> None:
    """Every call counts as encrypted: this is HTTP, and moto takes no notice of conditions."""
    FakeBucket.get_permission = _permission


def _permission(bucket: Any, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    document = json.loads(bucket.policy)
    stated = document["Statement"]
    statements = [stated] if isinstance(stated, Mapping) else stated
    met = [one for one in statements if one.get("Condition") != UNENCRYPTED]
    policy = IAMPolicy(json.dumps({**document, "Statement": met}))
    return policy.is_action_permitted(action, resource)
