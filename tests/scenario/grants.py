"""What roles may do by their templates, and what calls need."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ruamel.yaml import YAML

from guardian.demo.cast import HOME
from tests.scenario.conftest import ROOT

PREFIXES = {"emr": "elasticmapreduce", "stepfunctions": "states"}
"""IAM's names of services where they are not boto3's."""
ACTIONS = {
    "dynamodb:TransactWriteItems": {
        *("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem"),
        "dynamodb:UpdateItem",
    },
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "sqs:DeleteMessageBatch": {"sqs:DeleteMessage"},
}
"""What IAM asks for where it is no action of the call's own name; for a transaction what it may hold."""
IMPLIED = {
    "events:PutTargets": "iam:PassRole",
    "states:CreateStateMachine": "iam:PassRole",
    "states:UpdateStateMachine": "iam:PassRole",
    "cloudformation:CreateStackSet": "cloudformation:TagResource",
}
"""What AWS asks for beside the action of the call itself."""
FREE = {"sts:GetCallerIdentity"}

Grants = frozenset[str]


def granted(statements: Iterable[Mapping[str, Any]]) -> Grants:
    """The actions that statements allow."""
    actions = set[str]()
    for statement in statements:
        assert statement["Effect"] == "Allow"
        action = statement["Action"]
        actions |= {action} if isinstance(action, str) else set(action)
    return frozenset(actions)


def denied(grants: Grants, needed: Iterable[str]) -> set[str]:
    """The actions among the needed ones that no grant covers; names are compared as IAM does, without case."""
    patterns = [grant.lower() for grant in grants]
    return {a for a in needed if not any(fnmatchcase(a.lower(), p) for p in patterns)}


def needed_by(role: str, made: Sequence[Mapping[str, Any]]) -> set[str]:
    """The actions that the calls made in a role need."""
    needed = set[str]()
    for call in made:
        if not call["principal"].endswith(f":role/{role}"):
            continue
        service = PREFIXES.get(call["service"], call["service"])
        action = f"{service}:{call['operation']}"
        needed |= ACTIONS.get(action, {action})
        needed |= {IMPLIED[action]} if action in IMPLIED else set()
    return needed - FREE


def hub_grants() -> Grants:
    reader = YAML(typ="rt")
    resources = reader.load((ROOT / "deploy" / "hub.yaml").read_text())["Resources"]
    (policy,) = resources["Role"]["Properties"]["Policies"]
    return granted(policy["PolicyDocument"]["Statement"])


def roles_in(text: str) -> Mapping[str, Grants]:
    """What the roles of a template may do, by their names."""
    made = json.loads(text)["Resources"].values()
    roles = [r["Properties"] for r in made if r["Type"] == "AWS::IAM::Role"]
    return {_name(role["RoleName"]): _granted(role["Policies"]) for role in roles}


def _name(name: Any) -> str:
    return str(name["Fn::Sub"]).replace("${AWS::Region}", HOME) if isinstance(name, dict) else name


def _granted(policies: Any) -> Grants:
    (policy,) = policies
    return granted(policy["PolicyDocument"]["Statement"])
