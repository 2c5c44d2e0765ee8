"""What is to be said against an IAM statement of a template, by what IAM's own tables say of its actions."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policy_sentry.querying.actions import get_action_data

from tests.unit.kind_checks import UNLISTED

ARNS = {
    "AWS::DynamoDB::Table": "arn:*:dynamodb:*:*:table/*",
    "AWS::Events::EventBus": "arn:*:events:*:*:event-bus/*",
    "AWS::IAM::Role": "arn:*:iam::*:role/*",
    "AWS::S3::Bucket": "arn:*:s3:::*",
    "AWS::SNS::Topic": "arn:*:sns:*:*:*",
    "AWS::SQS::Queue": "arn:*:sqs:*:*:*",
    "AWS::SecretsManager::Secret": "arn:*:secretsmanager:*:*:secret:*",
    "AWS::StepFunctions::StateMachine": "arn:*:states:*:*:stateMachine:*",
}
"""What the ARN of a resource looks like. That of a parameter may look like anything, but for `*` alone."""
ANY_ARN = "arn:*:*:*:*:*"

Resources = Mapping[str, Mapping[str, Any]]


def statements(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement of every role, with the resource that it is in."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            documents = [inline["PolicyDocument"] for inline in properties.get("Policies", ())]
        elif resource["Type"] == "AWS::IAM::Policy":
            documents = [properties["PolicyDocument"]]
        else:
            continue
        for document in documents:
            for statement in document["Statement"]:
                yield from ((name, each) for each in branches(statement) if "Effect" in each)


def branches(value: Any) -> list[Any]:
    """What a value may be: both ways of an If, `Ref: AWS::NoValue` among them."""
    if isinstance(value, Mapping) and "Fn::If" in value:
        _, *ways = value["Fn::If"]
        return [branch for way in ways for branch in branches(way)]
    return [value]


def objections(statement: Mapping[str, Any], resources: Resources) -> Iterator[str]:
    """Actions that do not exist, resources that an action does not know, and rights to all where less would do."""
    patterns = [arn for each in listed(statement["Resource"]) for arn in arns(each, resources)]
    if statement["Effect"] == "Deny":  # what is denied too much is denied
        return
    known = {action: formats(action) for action in listed(statement["Action"])}
    for action, found in known.items():
        yield from _objection(action, found, patterns)
    for pattern in patterns:
        if pattern != "*" and not any(alike(pattern, arn) for f in known.values() for arn in f):
            yield f"no action knows {pattern}"


def _objection(action: str, known: frozenset[str], patterns: list[str]) -> Iterator[str]:
    if not known:
        yield f"{action} is no action"
    elif patterns == ["*"]:
        if "*" not in known:
            yield f"{action} is allowed on everything"
    elif not any(alike(pattern, arn) for pattern in patterns for arn in known):
        yield f"{action} knows nothing like {patterns}"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def arns(value: Any, resources: Resources) -> list[str]:
    """The patterns that a resource of a statement stands for."""
    if isinstance(value, str):
        return [value]
    found = []
    for branch in branches(value):
        if isinstance(branch, str):
            found.append(branch)
        elif "Fn::Sub" in branch:
            found.append(filled(branch["Fn::Sub"], resources))
        elif "Fn::GetAtt" in branch:
            named = branch["Fn::GetAtt"]
            found.append(
                arn_of(named[0] if isinstance(named, list) else named.partition(".")[0], resources)
            )
        else:
            found.append(arn_of(branch["Ref"], resources))
    return found


def arn_of(name: str, resources: Resources) -> str:
    return ARNS[resources[name]["Type"]] if name in resources else ANY_ARN


def filled(text: Any, resources: Resources) -> str:
    """A Sub with `*` for what is not known before it is deployed."""
    text = text[0] if isinstance(text, list) else text
    whole = re.sub(r"\$\{(\w+)\.Arn\}", lambda found: arn_of(found[1], resources), text)
    return re.sub(r"\*+", "*", re.sub(r"\$\{[^}]+\}", "*", whole))


@cache
def formats(action: str) -> frozenset[str]:
    """The ARNs that an action knows, `*` among them where it takes all; nothing where there is no such action."""
    if action in UNLISTED:
        return frozenset({re.sub(r"<\w+>", "*", UNLISTED[action])})
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    if not found:
        return frozenset()
    entries = found[service]
    return frozenset(
        re.sub(r"\$\{[^}]+\}", "*", entry["resource_arn_format"]) for entry in entries
    )


def alike(one: str, other: str) -> bool:
    """Whether there is an ARN that fits both patterns; a `*` ends at the next colon but in the last part, as in IAM."""
    parts, others = one.split(":", 5), other.split(":", 5)
    return len(parts) == len(others) and all(map(meet, parts, others))


@cache
def meet(one: str, other: str) -> bool:
    """Whether something fits both patterns, in which `*` stands for anything."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if "*" not in (one[0], other[0]):
        return one[0] == other[0] and meet(one[1:], other[1:])
    return (
        (one[0] == "*" and meet(one[1:], other))
        or (other[0] == "*" and meet(one, other[1:]))
        or (one[0] != other[0] and meet(one[one[0] != "*" :], other[other[0] != "*" :]))
    )
