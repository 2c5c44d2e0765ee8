"""Change sets: what an update would do, kept until somebody executes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow

from guardian.localaws.cloudformation.deployment import Deployment
from guardian.localaws.cloudformation.functions import references
from guardian.localaws.cloudformation.stack import Blueprint, Stack


@dataclass
class ChangeSet:
    """A blueprint for a stack, new or existing."""

    id: str
    name: str
    stack: Stack
    blueprint: Blueprint
    tags: Mapping[str, str] | None = None
    description: str | None = None
    status: str = "CREATE_COMPLETE"
    execution_status: str = "AVAILABLE"
    reason: str | None = None
    created_at: datetime = field(default_factory=utcnow)

    def __post_init__(self) -> None:
        if self.stack.blueprint is not None and not self.changes and not self._tags_change:
            self.status, self.execution_status = "FAILED", "UNAVAILABLE"
            self.reason = (
                "The submitted information didn't contain changes. "
                "Submit different information to create a change set."
            )

    @property
    def _tags_change(self) -> bool:
        return self.tags is not None and dict(self.tags) != self.stack.tags

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What would be added, modified and removed, as DescribeChangeSet tells it."""
        old = self.stack.deployed
        new = self._wanted()
        changed = self._changed_parameters()
        added = [
            _change("Add", name, body["Type"]) for name, body in new.items() if name not in old
        ]
        modified = [
            _change("Modify", name, new[name]["Type"], resource.physical_resource_id)
            for name, resource in old.items()
            if name in new and (new[name] != resource.body or references(new[name]) & changed)
        ]
        removed = [
            _change("Remove", name, resource.type.name, resource.physical_resource_id)
            for name, resource in old.items()
            if name not in new
        ]
        return [*added, *modified, *removed]

    def _wanted(self) -> Mapping[str, Any]:
        """The resources of the template whose conditions hold."""
        evaluator = Deployment(self.stack, self.blueprint, {}).evaluator
        return {
            name: body
            for name, body in self.blueprint.template["Resources"].items()
            if "Condition" not in body or evaluator.condition(body["Condition"])
        }

    def _changed_parameters(self) -> set[str]:
        before = self.stack.stack_parameters
        return {k for k, value in self.blueprint.parameters.items() if before.get(k) != value}

    def summary(self) -> dict[str, Any]:
        """One of the `Summaries` of ListChangeSets."""
        return {
            "ChangeSetId": self.id,
            "ChangeSetName": self.name,
            "StackId": self.stack.stack_id,
            "StackName": self.stack.name,
            "Status": self.status,
            "StatusReason": self.reason,
            "ExecutionStatus": self.execution_status,
            "CreationTime": self.created_at,
            "Description": self.description,
        }

    def described(self) -> dict[str, Any]:
        """The answer of DescribeChangeSet."""
        tags = self.stack.tags if self.tags is None else self.tags
        return self.summary() | {
            "Changes": self.changes,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": str(value)}
                for key, value in self.blueprint.parameters.items()
            ],
        }


def _change(action: str, logical_id: str, kind: str, physical_id: str = "") -> dict[str, Any]:
    change: dict[str, Any] = {
        "Action": action,
        "LogicalResourceId": logical_id,
        "ResourceType": kind,
        "Details": [],
    }
    if physical_id:
        change["PhysicalResourceId"] = physical_id
    return {"Type": "Resource", "ResourceChange": change}
