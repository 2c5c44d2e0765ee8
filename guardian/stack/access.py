"""The member role: what guardian itself may do in a governed account, generated from what the policies govern.

The sweep lists, looks, stops; the drift probe reads guardian's own rules, machines, roles and queues, and whether a
trail logs, and puts rules and machines right. To keep something alive one tag is written, and IAM lets through no
other. It may write nothing in IAM.
"""

from collections.abc import Iterable

from guardian.documents import Json
from guardian.kinds.base import Call, Listing
from guardian.policy.model import Mode, Policy
from guardian.stack import iam, names
from guardian.stack.names import Hub
from guardian.stack.state_machine import permissions
from guardian.stack.template import rendered

_RULES = f"arn:{{partition}}:events:{{region}}:{{account}}:rule/{names.PREFIX}-*"
_MACHINES = f"arn:{{partition}}:states:{{region}}:{{account}}:stateMachine:{names.PREFIX}-*"
_ROLES = f"arn:{{partition}}:iam::{{account}}:role/{names.PREFIX}-*"
_QUEUES = f"arn:{{partition}}:sqs:{{region}}:{{account}}:{names.PREFIX}-*"
_TRAILS = "arn:{partition}:cloudtrail:*:*:trail/*"

WHO_STARTED = Call("cloudtrail", "LookupEvents", {})
PROBE = (
    # IAM and EventBridge cannot narrow a listing; an organization's trail is the management account's.
    Call("events", "ListRules", {}),
    Call("iam", "GetAccountAuthorizationDetails", {}),
    Call("cloudtrail", "DescribeTrails", {}),
    Call("cloudtrail", "GetTrailStatus", {}, _TRAILS),
    Call("cloudtrail", "GetEventSelectors", {}, _TRAILS),
    Call("sqs", "GetQueueUrl", {}, _QUEUES),
    Call("sqs", "GetQueueAttributes", {}, _QUEUES),
    Call("events", "DescribeRule", {}, _RULES),
    Call("events", "ListTargetsByRule", {}, _RULES),
    Call("stepfunctions", "DescribeStateMachine", {}, _MACHINES, "states"),
)
MEND = (
    Call("events", "PutRule", {}, _RULES),
    Call("events", "PutTargets", {}, _RULES),
    Call("stepfunctions", "UpdateStateMachine", {}, _MACHINES, "states"),
    Call("stepfunctions", "CreateStateMachine", {}, _MACHINES, "states"),
    Call("iam", "PassRole", {}, _ROLES),
)


def access_template(policies: Iterable[Policy], hub: Hub) -> str:
    """The template of the stack set that goes out before all others."""
    policies = tuple(policies)
    calls = [*member_calls(policies), WHO_STARTED, *PROBE, *MEND]
    allowed = [*iam.statements(calls, everywhere=True), *iam.keeping(keep_calls(policies))]
    role = iam.role(hub.member_role, _trust(hub), allowed)
    return rendered("guardian: access of the hub", {"MemberRole": role})


def member_calls(policies: Iterable[Policy]) -> tuple[Call, ...]:
    """The calls that the sweep makes under these policies."""
    rules = [rule for policy in policies for rule in policy.rules]
    listings = [call for rule in rules for call in _listing_calls(rule.kind.listing)]
    return (*listings, *(call for rule in rules for call in permissions(rule)))


def keep_calls(policies: Iterable[Policy]) -> tuple[Call, ...]:
    """The calls that keep things alive under these policies: only what is stopped needs it."""
    rules = (rule for policy in policies for rule in policy.rules if rule.mode is Mode.STOP)
    return tuple(rule.kind.keep for rule in rules if rule.kind.keep)


def _listing_calls(listing: Listing) -> tuple[Call, ...]:
    """Its own call and those of what it lies within."""
    above = _listing_calls(listing.within) if listing.within else ()
    return (*above, listing.call)


def _trust(hub: Hub) -> Json:
    # By condition, not by principal: a role named as principal is stored by its unique id, and making it anew
    # would lock guardian out of every account.
    account = {"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{hub.account}:root"}}
    condition = {
        "ArnLike": {"aws:PrincipalArn": hub.principal},
        "StringEquals": {"aws:PrincipalOrgID": hub.organization},
    }
    return iam.trust(account, condition)
