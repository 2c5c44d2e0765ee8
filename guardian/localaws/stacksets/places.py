"""What an operation does in one place: deploy a stack, remove it, or look whether it drifted."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends

from guardian.localaws.cloudformation.drift import drifts_of_stack, overall_status
from guardian.localaws.cloudformation.failures import FAILURES, reason_of
from guardian.localaws.cloudformation.lifecycle import NO_UPDATES
from guardian.localaws.stacksets.model import Operation, StackInstance, StackSet

GONE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_COMPLETE")
KEPT_DETECTIONS = 5
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class StackFailed(Exception):
    """The stack could not be made, changed or removed; the message says why."""


Work = Callable[[StackSet, Operation, StackInstance], None]


def deploy(stack_set: StackSet, operation: Operation, instance: StackInstance) -> None:
    """Make or update the instance's stack from the set's present template. Raises StackFailed."""
    if operation.overrides is not None:
        instance.overrides = _merged(instance.overrides, operation.overrides)
    parameters = stack_set.parameters | instance.overrides
    stack = _live_stack(instance)
    try:
        if stack is None:
            _create(stack_set, instance, parameters)
        else:
            _update(stack_set, instance, stack, parameters)
    except FAILURES as error:
        raise StackFailed(reason_of(error)) from error


def remove(_: StackSet, operation: Operation, instance: StackInstance) -> None:
    """Delete the instance's stack unless it is to be retained. Raises StackFailed."""
    stack = _live_stack(instance, also_failed=True)
    if stack is None or operation.retain_stacks:
        return
    backend = cloudformation_backends[instance.target.account][instance.target.region]
    try:
        backend.delete_stack(stack.stack_id)
    except FAILURES as error:
        raise StackFailed(reason_of(error)) from error
    if stack.status != "DELETE_COMPLETE":
        raise StackFailed(_reason(stack))


def detect_drift(instance: StackInstance, operation: Operation, now: datetime) -> None:
    """Compare the instance's resources with its template. Raises StackFailed."""
    stack = _live_stack(instance)
    if stack is None:
        raise StackFailed(f"Stack with id {instance.stack_id} does not exist")
    drifts = drifts_of_stack(stack, now)
    known = dict(list(instance.drifts.items())[1 - KEPT_DETECTIONS :])
    instance.drifts = {**known, operation.id: drifts}
    instance.drift_status = overall_status(drifts)
    instance.drift_checked_at = now


def _create(stack_set: StackSet, instance: StackInstance, parameters: Mapping[str, str]) -> None:
    backend = cloudformation_backends[instance.target.account][instance.target.region]
    rolled_back = backend.stacks.get(instance.stack_id)
    if rolled_back is not None:
        backend.delete_stack(rolled_back.stack_id)
    stack = backend.create_stack(
        name=f"StackSet-{stack_set.name}-{uuid4()}",
        template=stack_set.template,
        parameters=dict(parameters),
        tags=dict(stack_set.tags),
    )
    instance.stack_id = stack.stack_id
    if stack.status not in GOOD:
        raise StackFailed(_reason(stack))


def _update(
    stack_set: StackSet, instance: StackInstance, stack: Any, parameters: Mapping[str, str]
) -> None:
    backend = cloudformation_backends[instance.target.account][instance.target.region]
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    try:
        backend.update_stack(stack.stack_id, stack_set.template, None, given, dict(stack_set.tags))
    except ValidationError as error:
        if error.message == NO_UPDATES:  # so drift stays: CloudFormation looks at templates only
            return
        raise
    if stack.status not in GOOD:
        raise StackFailed(_reason(stack))


def _live_stack(instance: StackInstance, *, also_failed: bool = False) -> Any:
    backend = cloudformation_backends[instance.target.account][instance.target.region]
    stack = backend.stacks.get(instance.stack_id)
    if stack is None or (stack.status in GONE and not also_failed):
        return None
    return stack


def _reason(stack: Any) -> str:
    return stack.stack_status_reason or f"Stack {stack.stack_id} is in {stack.status} state"


def _merged(old: Mapping[str, str], asked: Mapping[str, str | None]) -> dict[str, str]:
    kept = {key: old[key] for key, value in asked.items() if value is None and key in old}
    return kept | {key: value for key, value in asked.items() if value is not None}
