"""The StackSets service: what its actions share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from guardian.localaws.stacksets.errors import ValidationError
from guardian.localaws.stacksets.model import Operation, StackInstance, StackSet, Target
from guardian.localaws.stacksets.operations import Job, Operations
from guardian.localaws.stacksets.organization import Organization, organization_of
from guardian.localaws.stacksets.places import StackFailed, Work
from guardian.localaws.stacksets.preferences import Preferences
from guardian.localaws.stacksets.registry import Call, Registry, administered_organization
from guardian.localaws.world import World

MAX_RESULTS = 100
Answer = Mapping[str, Any]
Action = Callable[["Service", Call], Answer]


@dataclass
class Service:
    """The stack sets of one local AWS, and the accounts where stacks are made to fail."""

    world: World
    registry: Registry = field(default_factory=Registry)
    faults: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = Operations(self.world, _suspended)

    def reset(self) -> None:
        """Forget every stack set; running operations end where they are."""
        self.operations.abandon(self.registry.sets)
        self.registry.sets.clear()
        self.faults.clear()

    def faulty(self, work: Work) -> Work:
        """`work`, refused in the accounts with a fault."""

        def visit(stack_set: StackSet, operation: Operation, instance: StackInstance) -> None:
            if reason := self.faults.get(instance.target.account):
                raise StackFailed(reason)
            work(stack_set, operation, instance)

        return visit

    def new_operation(self, call: Call, action: str, targets: Sequence[Target]) -> Operation:
        """Raises ValidationError when the preferences contradict each other."""
        return Operation(
            id=call["OperationId"] or str(uuid4()),
            action=action,
            targets=targets,
            created_at=self.world.clock.now(),
            preferences=Preferences.parse(call["OperationPreferences"]),
            deployment_targets=call["DeploymentTargets"],
            retain_stacks=bool(call["RetainStacks"]),
        )

    def submit(self, stack_set: StackSet, job: Job) -> Answer:
        return {"OperationId": self.operations.submit(stack_set, job)}


def administrator(stack_set: StackSet, call: Call) -> Organization | None:
    """The organization to deploy in; None for a self-managed set. Raises ValidationError."""
    return administered_organization(call) if stack_set.service_managed else None


def page(call: Call, name: str, rows: Sequence[Answer]) -> Answer:
    """The rows from `NextToken` on, `MaxResults` of them at most. Raises ValidationError."""
    limit, token = int(call["MaxResults"] or MAX_RESULTS), call["NextToken"] or "0"
    if not 1 <= limit <= MAX_RESULTS:
        raise ValidationError(
            f"1 validation error detected: Value '{limit}' at 'maxResults' failed to satisfy "
            f"constraint: Member must have value less than or equal to {MAX_RESULTS}"
        )
    if not token.isdigit():
        raise ValidationError("NextToken is not valid")
    end = int(token) + limit
    answer: dict[str, Any] = {name: list(rows[int(token) : end])}
    if end < len(rows):
        answer["NextToken"] = str(end)
    return answer


def _suspended(stack_set: StackSet, target: Target) -> bool:
    organization = organization_of(stack_set.account)
    return organization is not None and organization.suspended(target.account)
