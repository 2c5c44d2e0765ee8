"""Events that hint that the organization or its stack sets changed: a reason to look soon, never a fact. Pure.

Facts about their shapes: docs/reference/events.md.
"""

from dataclasses import dataclass

from guardian.documents import Json, text

STACK_SETS = "aws.cloudformation"
ORGANIZATIONS = "aws.organizations"
STACK_SET_EVENTS = "CloudFormation StackSet "
"""How the detail-type of every event of a stack set begins."""
OPERATION = "CloudFormation StackSet Operation Status Change"
OVER = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
LOOKS = "DETECT_DRIFT"
"""What an operation does that changes nothing."""
MOVES = frozenset(
    {
        "AcceptHandshake",
        "CloseAccount",
        "CloseAccountResult",
        "CreateAccountResult",
        "CreateOrganizationalUnit",
        "DeleteOrganizationalUnit",
        "LeaveOrganization",
        "MoveAccount",
        "RemoveAccountFromOrganization",
        "UpdateOrganizationalUnit",
    }
)
"""What may change who is governed, and how. An account that is asked for is there when its result is told."""
LONGEST = 120
"""Of what is told of one."""


@dataclass(frozen=True)
class Hint:
    """Why to look; `reason` is empty where there is no need to. `operation` is the id of a stack set's operation."""

    reason: str
    operation: str = ""


def is_hint(event: Json) -> bool:
    """Whether an event is one of AWS's own about organizations or stack sets."""
    source, what = text(event, "source"), text(event, "detail-type")
    return source == ORGANIZATIONS or (source == STACK_SETS and what.startswith(STACK_SET_EVENTS))


def hint_of(event: Json) -> Hint:
    """What such an event hints at."""
    if text(event, "source") == ORGANIZATIONS:
        return Hint(_of_organization(event)[:LONGEST])
    return Hint(_of_stack_set(event)[:LONGEST], text(event, "detail.stack-set-operation-id"))


def _of_organization(event: Json) -> str:
    name = text(event, "detail.eventName")
    failed = text(event, "detail.errorCode")
    return f"organization: {name}" if name in MOVES and not failed else ""


def _of_stack_set(event: Json) -> str:
    status, action = text(event, "detail.status-details.status"), text(event, "detail.action")
    if text(event, "detail-type") != OPERATION or status not in OVER or action == LOOKS:
        return ""
    name = text(event, "detail.stack-set-arn").rpartition("/")[2].partition(":")[0]
    return f"stack set {name}: {action} {status}"
