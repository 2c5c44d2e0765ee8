"""What one session of a role is narrowed to. It may never do more than the role, and need not do as much. Pure."""

import json
from collections.abc import Iterable

from guardian.kinds.base import Call

LONGEST = 2048
"""Characters that STS takes: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, `Policy`."""


def session_policy(calls: Iterable[Call]) -> str:
    """The policy of a session that makes these calls. The role's own policy narrows the resources already."""
    actions = sorted({call.permission for call in calls})
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return json.dumps(document, separators=(",", ":"))
