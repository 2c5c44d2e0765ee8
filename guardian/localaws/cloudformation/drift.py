"""Compares the resources of a stack with what its template states, and with nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from guardian.localaws.cloudformation.resource import Resource
from guardian.localaws.cloudformation.stack import Stack

ABSENT = object()
WRITE_ONLY = frozenset({"Definition", "DefinitionS3Location", "DefinitionSubstitutions"})

Drift = Mapping[str, Any]
"""One resource, in the words of DescribeStackResourceDrifts."""


def drifts_of_stack(stack: Stack, now: datetime) -> list[Drift]:
    """Every resource whose type can be checked."""
    return [
        _drift_of(stack, resource, now)
        for resource in stack.deployed.values()
        if resource.type.read is not None
    ]


def overall_status(drifts: Iterable[Drift]) -> str:
    """DRIFTED when one resource is not as it should be."""
    statuses = {drift["StackResourceDriftStatus"] for drift in drifts}
    return "DRIFTED" if statuses & {"MODIFIED", "DELETED"} else "IN_SYNC"


def _drift_of(stack: Stack, resource: Resource, now: datetime) -> Drift:
    expected = {k: v for k, v in resource.properties.items() if k not in WRITE_ONLY}
    reader = resource.type.read
    read = reader(stack.where, resource.made, resource.properties) if reader else None
    drift: dict[str, Any] = {
        "StackId": stack.stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_resource_id,
        "ResourceType": resource.type.name,
        "ExpectedProperties": json.dumps(expected),
        "Timestamp": now,
    }
    if read is None:
        return drift | {"StackResourceDriftStatus": "DELETED"}
    actual = {key: read.get(key) for key in expected}
    differences = list(_differences("", expected, actual))
    return drift | {
        "ActualProperties": json.dumps(actual, default=str),
        "StackResourceDriftStatus": "MODIFIED" if differences else "IN_SYNC",
        "PropertyDifferences": differences,
    }


def _differences(path: str, expected: Any, actual: Any) -> Iterator[dict[str, str]]:
    expected, actual = _normalized(expected), _normalized(actual)
    if isinstance(expected, dict) and isinstance(actual, dict) and not path.endswith("String"):
        for key in expected | actual:
            member = f"{path}/{key}"
            yield from _differences(member, expected.get(key, ABSENT), actual.get(key, ABSENT))
    elif expected != actual:
        yield _difference(path, expected, actual)


def _difference(path: str, expected: Any, actual: Any) -> dict[str, str]:
    kind = "NOT_EQUAL"
    if expected is ABSENT:
        kind = "ADD"
    elif actual in (ABSENT, None):
        kind = "REMOVE"
    return {
        "PropertyPath": path,
        "ExpectedValue": _shown(expected),
        "ActualValue": _shown(actual),
        "DifferenceType": kind,
    }


def _shown(value: Any) -> str:
    if value is ABSENT or value is None:
        return "null"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _normalized(value: Any) -> Any:
    """Text that is JSON is compared as JSON, numbers as text, and lists in any order."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _normalized(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return {key: _normalized(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        members = [_normalized(member) for member in value]
        return sorted(members, key=lambda member: json.dumps(member, sort_keys=True, default=str))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value
