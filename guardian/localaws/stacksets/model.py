"""What a stack set consists of: its instances and its operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, NamedTuple

from guardian.localaws.stacksets.errors import (
    OperationNotFound,
    StackInstanceNotFound,
)
from guardian.localaws.stacksets.preferences import Preferences

BUSY = ("RUNNING", "STOPPING", "QUEUED")


class Place(NamedTuple):
    """Where a stack instance lives."""

    account: str
    region: str


@dataclass(frozen=True)
class Target:
    """A place an operation goes to, and the organizational unit it was reached through."""

    account: str
    region: str
    unit: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)


@dataclass
class StackInstance:
    target: Target
    stack_id: str | None = None
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    overrides: dict[str, str] = field(default_factory=dict)
    operation_id: str | None = None
    drift_status: str = "NOT_CHECKED"
    drift_checked_at: datetime | None = None
    drifts: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass
class Result:
    """How an operation went in one place."""

    target: Target
    status: str = "PENDING"
    reason: str = ""


@dataclass
class Operation:
    id: str
    action: str
    targets: Sequence[Target]
    created_at: datetime
    preferences: Preferences = field(default_factory=Preferences)
    deployment_targets: Mapping[str, Any] | None = None
    retain_stacks: bool = False
    overrides: Mapping[str, str | None] | None = None
    status: str = "RUNNING"
    reason: str = ""
    ended_at: datetime | None = None
    results: dict[Place, Result] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    abandoned: bool = False

    def __post_init__(self) -> None:
        self.results = {target.place: Result(target) for target in self.targets}

    @property
    def failures(self) -> int:
        return sum(result.status == "FAILED" for result in self.results.values())


@dataclass
class AutoDeployment:
    enabled: bool = False
    retain_stacks: bool = False
    depends_on: Sequence[str] = ()


@dataclass
class StackSet:
    id: str
    arn: str
    name: str
    account: str
    region: str
    template: str
    permission_model: str
    token: str | None = None
    description: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: Sequence[str] = ()
    administration_role: str | None = None
    execution_role: str | None = None
    auto_deployment: AutoDeployment = field(default_factory=AutoDeployment)
    managed_execution: bool = False
    status: str = "ACTIVE"
    instances: dict[Place, StackInstance] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    unit_regions: dict[str, set[str]] = field(default_factory=dict)

    @property
    def service_managed(self) -> bool:
        return self.permission_model == "SERVICE_MANAGED"

    @property
    def regions(self) -> list[str]:
        return sorted({place.region for place in self.instances})

    @property
    def busy(self) -> bool:
        return any(operation.status in BUSY for operation in self.operations)

    def operation(self, operation_id: str) -> Operation:
        """Raises OperationNotFound."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise OperationNotFound(operation_id)

    def instance(self, place: Place) -> StackInstance:
        """Raises StackInstanceNotFound."""
        if place not in self.instances:
            raise StackInstanceNotFound(
                f"Stack instance {self.id},{place.account},{place.region} not found"
            )
        return self.instances[place]
