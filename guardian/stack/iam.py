"""IAM statements from declarations: the calls of the kinds are the permissions."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from guardian.documents import Json
from guardian.kinds.base import KEEP_UNTIL, Call

ONLY_KEEP: Json = {
    "ForAllValues:StringEquals": {"aws:TagKeys": [KEEP_UNTIL]},
    "Null": {"aws:TagKeys": "false"},
}
"""Tags decide who may do what in many accounts: no other one may be written. Without the second line none counts."""

_PSEUDO = {
    "partition": "${AWS::Partition}",
    "region": "${AWS::Region}",
    "account": "${AWS::AccountId}",
}


def statements(calls: Iterable[Call], *, everywhere: bool = False) -> list[Json]:
    """What a role needs to make these calls, one statement for each resource.

    `everywhere` is for a role that acts in every region, not just in its stack's.
    """
    region = "*" if everywhere else _PSEUDO["region"]
    actions: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        actions[_resource(call.resource, {**_PSEUDO, "region": region})].add(call.permission)
    return [allow(sorted(names), resource) for resource, names in sorted(actions.items())]


def keeping(calls: Iterable[Call]) -> list[Json]:
    """What a role needs to write the tag that keeps things alive, in every region, and no other tag."""
    written = statements(calls, everywhere=True)
    return [{**each, "Condition": ONLY_KEEP} for each in written if isinstance(each, Mapping)]


def allow(actions: Sequence[str], resource: Json) -> Json:
    """One statement. A resource that is text with pseudo parameters is substituted by CloudFormation."""
    pseudo = isinstance(resource, str) and "${" in resource
    where: Json = {"Fn::Sub": resource} if pseudo else resource
    return {"Effect": "Allow", "Action": list(actions), "Resource": where}


def trust(principal: Json, condition: Json) -> Json:
    """Who may assume a role."""
    statement: Json = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return policy([statement])


def policy(content: Sequence[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": list(content)}


def service_trust(service: str) -> Json:
    """A service may assume the role for things of this account only."""
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return trust({"Service": service}, own)


def role(name: Json, trusted: Json, content: Sequence[Json]) -> Json:
    """An IAM role with one inline policy."""
    properties: Json = {
        "RoleName": name,
        "AssumeRolePolicyDocument": trusted,
        "Policies": [{"PolicyName": "guardian", "PolicyDocument": policy(content)}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _resource(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values[found.group(1)], template)
