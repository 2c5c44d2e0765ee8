"""The stacks of one account and region; moto's backend hands its work to these functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.utils import generate_stack_id

from guardian.localaws.cloudformation import lifecycle
from guardian.localaws.cloudformation.change_sets import ChangeSet
from guardian.localaws.cloudformation.resource import Where
from guardian.localaws.cloudformation.stack import Blueprint, Stack


def new_stack(backend: Any, name: str, tags: Mapping[str, str] | None = None) -> Stack:
    """A stack without resources. Raises AlreadyExistsException."""
    if any(stack.name == name for stack in backend.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack = Stack(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        where=Where(backend.account_id, backend.region_name),
        blueprint=None,
        exported=backend.exports,
        tags=dict(tags or {}),
    )
    backend.stacks[stack.stack_id] = stack
    return stack


def reviewed_stack(backend: Any, name: str, tags: Mapping[str, str] | None) -> Stack:
    """The stack that is only the name of change sets so far, or a new such one. Raises AlreadyExistsException."""
    for stack in backend.stacks.values():
        if stack.name == name and stack.status == "REVIEW_IN_PROGRESS":
            found: Stack = stack
            found.tags = dict(tags or {})
            return found
    stack = new_stack(backend, name, tags)
    stack.note("REVIEW_IN_PROGRESS", "User Initiated")
    return stack


def create_stack(
    backend: Any,
    name: str,
    template: str,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    **settings: Any,
) -> Stack:
    """Raises AlreadyExistsException, ValidationError; a resource that fails rolls back instead."""
    blueprint = Blueprint.read(template, parameters)
    stack = new_stack(backend, name, tags)
    for setting, value in settings.items():
        if value is not None:
            setattr(stack, setting, value)
    lifecycle.create(stack, blueprint)
    return stack


def update_stack(
    backend: Any,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: Sequence[Mapping[str, Any]],
    tags: Mapping[str, str] | None,
) -> Stack:
    """Raises ValidationError: no such stack, no updates, not in a state to be updated."""
    stack: Stack = backend.get_stack(name)
    lifecycle.check_updatable(stack)
    blueprint = Blueprint.read(template, resolved_parameters(stack, parameters))
    stack.role_arn = role_arn or stack.role_arn
    lifecycle.update(stack, blueprint, tags)
    return stack


def resolved_parameters(stack: Stack, asked: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters of a call, previous values looked up. Raises ValidationError."""
    values = {}
    for parameter in asked:
        key = parameter["ParameterKey"]
        if not parameter.get("UsePreviousValue"):
            values[key] = parameter.get("ParameterValue", "")
        elif key in stack.parameters:
            values[key] = stack.parameters[key]
        elif key not in stack.stack_parameters:
            raise ValidationError(
                message=f"Invalid input for parameter key {key}. Cannot specify "
                "usePreviousValue as true for a parameter key not in the previous template"
            )
    return values


def delete_stack(backend: Any, name_or_stack_id: str) -> None:
    """Deleting what is not there is no error. Raises ValidationError on a protected stack."""
    for stack in list(backend.stacks.values()):
        if name_or_stack_id not in (stack.stack_id, stack.name):
            continue
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection "
                "is enabled"
            )
        lifecycle.delete(stack)
        if stack.status == "DELETE_COMPLETE":
            del backend.stacks[stack.stack_id]
            backend.deleted_stacks[stack.stack_id] = stack


def create_change_set(backend: Any, change_set: ChangeSet) -> ChangeSet:
    """Keep `change_set`. Raises AlreadyExistsException."""
    for known in backend.change_sets.values():
        if known.name == change_set.name and known.stack is change_set.stack:
            raise AlreadyExistsException(f"ChangeSet {known.name} already exists")
    backend.change_sets[change_set.id] = change_set
    return change_set


def execute(change_set: ChangeSet) -> None:
    """Do what the change set says."""
    change_set.execution_status = "EXECUTE_COMPLETE"
    if change_set.stack.blueprint is None:
        lifecycle.create(change_set.stack, change_set.blueprint)
    else:
        lifecycle.update(change_set.stack, change_set.blueprint, change_set.tags)
