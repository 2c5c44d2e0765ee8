"""AWS::IAM: roles, managed policies and inline policies."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where


def _iam(where: Where) -> Any:
    return iam_backends[where.account]["aws"]


def _document(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _role(where: Where, name: str) -> Any:
    """The role, or None."""
    return next((role for role in _iam(where).roles.values() if role.name == name), None)


def _create_role(where: Where, properties: Properties) -> Made:
    role = _iam(where).create_role(
        role_name=properties["RoleName"],
        assume_role_policy_document=_document(properties["AssumeRolePolicyDocument"]),
        path=properties.get("Path", "/"),
        permissions_boundary=properties.get("PermissionsBoundary"),
        description=properties.get("Description", ""),
        tags=properties.get("Tags", []),
        max_session_duration=int(properties.get("MaxSessionDuration", 3600)),
    )
    made = Made(role.name, {"Arn": role.arn, "RoleId": role.id})
    try:
        _grant(where, role.name, properties)
    except NotFoundException:
        _delete_role(where, made, properties)
        raise
    return made


def _grant(where: Where, name: str, properties: Properties) -> None:
    for arn in properties.get("ManagedPolicyArns", []):
        _iam(where).attach_role_policy(arn, name)
    for policy in properties.get("Policies", []):
        document = _document(policy["PolicyDocument"])
        _iam(where).put_role_policy(name, policy["PolicyName"], document)


def _update_role(where: Where, made: Made, old: Properties, properties: Properties) -> Made:
    iam, name = _iam(where), made.physical_id
    iam.update_role(
        name,
        properties.get("Description", ""),
        int(properties.get("MaxSessionDuration", 3600)),
    )
    iam.update_assume_role_policy(name, _document(properties["AssumeRolePolicyDocument"]))
    iam.get_role(name).permissions_boundary_arn = properties.get("PermissionsBoundary")
    iam.get_role(name).tags = list(properties.get("Tags", []))
    _revoke(where, iam.get_role(name), old)
    _grant(where, name, properties)
    return made


def _revoke(where: Where, role: Any, properties: Properties) -> None:
    """Take from the role what its own properties gave it; other resources gave it the rest."""
    for arn in properties.get("ManagedPolicyArns", []):
        if arn in role.managed_policies:
            _iam(where).detach_role_policy(arn, role.name)
    for policy in properties.get("Policies", []):
        role.policies.pop(policy["PolicyName"], None)


def _delete_role(where: Where, made: Made, properties: Properties) -> None:
    role = _role(where, made.physical_id)
    if role is None:
        return
    _revoke(where, role, properties)
    for profile in _iam(where).instance_profiles.values():
        profile.delete_role(role_name=role.name)
    _iam(where).delete_role(role.name)


def _read_role(where: Where, made: Made, properties: Properties) -> Properties | None:
    role = _role(where, made.physical_id)
    if role is None:
        return None
    stated = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    return {
        "RoleName": role.name,
        "Path": role.path,
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
        "PermissionsBoundary": role.permissions_boundary_arn,
        "AssumeRolePolicyDocument": json.loads(role.assume_role_policy_document),
        "ManagedPolicyArns": list(role.managed_policies),
        "Tags": role.tags,
        "Policies": [
            {"PolicyName": name, "PolicyDocument": _parsed(document)}
            for name, document in role.policies.items()
            if name in stated
        ],
    }


def _parsed(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _create_managed_policy(where: Where, properties: Properties) -> Made:
    policy = _iam(where).create_policy(
        description=properties.get("Description"),
        path=properties.get("Path"),
        policy_document=_document(properties["PolicyDocument"]),
        policy_name=properties["ManagedPolicyName"],
        tags=properties.get("Tags", []),
    )
    for role in properties.get("Roles", []):
        _iam(where).attach_role_policy(policy.arn, role)
    return Made(policy.arn, {"PolicyArn": policy.arn, "PolicyId": policy.id})


def _update_managed_policy(
    where: Where, made: Made, old: Properties, properties: Properties
) -> Made:
    iam, arn = _iam(where), made.physical_id
    policy = iam.get_policy(arn)
    while len(policy.versions) > 4:  # noqa: PLR2004 - IAM keeps five; CloudFormation drops the oldest
        policy.versions.pop(next(i for i, v in enumerate(policy.versions) if not v.is_default))
    iam.create_policy_version(arn, _document(properties["PolicyDocument"]), set_as_default=True)
    wanted, before = set(properties.get("Roles", [])), set(old.get("Roles", []))
    attached = {role.name for role in iam.roles.values() if arn in role.managed_policies}
    for role in attached & before - wanted:
        iam.detach_role_policy(arn, role)
    for role in wanted - attached:
        iam.attach_role_policy(arn, role)
    return made


def _delete_managed_policy(where: Where, made: Made, _: Properties) -> None:
    iam = _iam(where)
    for role in iam.roles.values():
        role.managed_policies.pop(made.physical_id, None)
    iam.managed_policies.pop(made.physical_id, None)


def _read_managed_policy(where: Where, made: Made, _: Properties) -> Properties | None:
    iam = _iam(where)
    policy = iam.managed_policies.get(made.physical_id)
    if policy is None:
        return None
    default = next(v for v in policy.versions if v.version_id == policy.default_version_id)
    return {
        "ManagedPolicyName": policy.name,
        "Path": policy.path,
        "Description": policy.description,
        "PolicyDocument": json.loads(default.document),
        "Roles": [role.name for role in iam.roles.values() if policy.arn in role.managed_policies],
    }


def _holders(where: Where, properties: Properties) -> Iterable[Any]:
    """The roles, users and groups an inline policy is put on, those that exist."""
    iam = _iam(where)
    named: Mapping[str, Iterable[Any]] = {
        "Roles": iam.roles.values(),
        "Users": iam.users.values(),
        "Groups": iam.groups.values(),
    }
    for kind, holders in named.items():
        for holder in holders:
            if holder.name in properties.get(kind, []):
                yield holder


def _create_policy(where: Where, properties: Properties) -> Made:
    document = _document(properties["PolicyDocument"])
    for role in properties.get("Roles", []):
        _iam(where).put_role_policy(role, properties["PolicyName"], document)
    for user in properties.get("Users", []):
        _iam(where).put_user_policy(user, properties["PolicyName"], document)
    for group in properties.get("Groups", []):
        _iam(where).put_group_policy(group, properties["PolicyName"], document)
    return Made(str(properties["PolicyName"]), {"Id": properties["PolicyName"]})


def _update_policy(where: Where, made: Made, old: Properties, new: Properties) -> Made:
    _delete_policy(where, made, old)
    return _create_policy(where, new)


def _delete_policy(where: Where, made: Made, properties: Properties) -> None:
    for holder in _holders(where, properties):
        holder.policies.pop(made.physical_id, None)


def _read_policy(where: Where, made: Made, properties: Properties) -> Properties | None:
    documents = [h.policies.get(made.physical_id) for h in _holders(where, properties)]
    if not documents or None in documents:
        return None
    expected = properties["PolicyDocument"]
    differing = [_parsed(d) for d in documents if _parsed(d) != expected]
    return dict(properties) | {"PolicyDocument": differing[0] if differing else expected}


TYPES = (
    ResourceType(
        "AWS::IAM::Role",
        _create_role,
        _update_role,
        _delete_role,
        _read_role,
        name_property="RoleName",
        name_limit=64,
        create_only=frozenset({"Path"}),
    ),
    ResourceType(
        "AWS::IAM::ManagedPolicy",
        _create_managed_policy,
        _update_managed_policy,
        _delete_managed_policy,
        _read_managed_policy,
        name_property="ManagedPolicyName",
        name_limit=128,
        create_only=frozenset({"Path", "Description"}),
    ),
    ResourceType(
        "AWS::IAM::Policy",
        _create_policy,
        _update_policy,
        _delete_policy,
        _read_policy,
        create_only=frozenset({"PolicyName"}),
    ),
)
