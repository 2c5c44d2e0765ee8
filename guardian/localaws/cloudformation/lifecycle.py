"""Creates, updates and deletes stacks, and rolls back what fails."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.core.utils import utcnow

from guardian.localaws.cloudformation.deployment import Deployment, publish, remove
from guardian.localaws.cloudformation.failures import FAILURES, ResourceFailed, reason_of
from guardian.localaws.cloudformation.stack import UPDATABLE, Blueprint, Stack

NO_UPDATES = "No updates are to be performed."


def create(stack: Stack, blueprint: Blueprint) -> None:
    """Make the stack's resources; it ends CREATE_COMPLETE or ROLLBACK_COMPLETE."""
    stack.blueprint = blueprint
    stack.note("CREATE_IN_PROGRESS", "User Initiated")
    deployment = Deployment(stack, blueprint, {})
    if (problem := _run(stack, deployment)) is None:
        stack.deployed = deployment.done
        stack.note("CREATE_COMPLETE")
        return
    if stack.disable_rollback:
        stack.deployed = deployment.done
        stack.note("CREATE_FAILED", problem)
        return
    stack.note("ROLLBACK_IN_PROGRESS", f"{problem} Rollback requested by user.")
    undone = deployment.roll_back()
    stack.note("ROLLBACK_COMPLETE" if undone else "ROLLBACK_FAILED")
    stack.stack_status_reason = problem


def update(stack: Stack, blueprint: Blueprint, tags: Mapping[str, str] | None = None) -> None:
    """Change the stack; it ends UPDATE_COMPLETE or, as it was, UPDATE_ROLLBACK_COMPLETE.

    Raises ValidationError when nothing changes, or the stack cannot be updated.
    """
    check_updatable(stack)
    same_tags = tags is None or dict(tags) == stack.tags
    if stack.blueprint and stack.blueprint.substance == blueprint.substance and same_tags:
        raise ValidationError(message=NO_UPDATES)
    stack.note("UPDATE_IN_PROGRESS", "User Initiated")
    deployment = Deployment(stack, blueprint, stack.deployed)
    if (problem := _run(stack, deployment)) is not None:
        stack.note("UPDATE_ROLLBACK_IN_PROGRESS", problem)
        undone = deployment.roll_back()
        stack.note("UPDATE_ROLLBACK_COMPLETE" if undone else "UPDATE_ROLLBACK_FAILED")
        stack.stack_status_reason = problem
        return
    stack.note("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    deployment.clean_up()
    stack.blueprint, stack.deployed = blueprint, deployment.done
    stack.tags = stack.tags if tags is None else dict(tags)
    stack.last_updated_time = utcnow()
    stack.note("UPDATE_COMPLETE")


def check_updatable(stack: Stack) -> None:
    """Raises ValidationError."""
    if stack.status not in UPDATABLE:
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def delete(stack: Stack) -> None:
    """Remove the stack's resources, last made first; ends DELETE_COMPLETE or DELETE_FAILED."""
    stack.note("DELETE_IN_PROGRESS", "User Initiated")
    left: dict[str, Any] = {}
    for logical_id, resource in reversed(list(stack.deployed.items())):
        if not remove(stack, resource):
            left = {logical_id: resource, **left}
    stack.deployed = left
    if left:
        names = ", ".join(left)
        stack.note("DELETE_FAILED", f"The following resource(s) failed to delete: [{names}].")
        return
    publish(stack, [])
    stack.deletion_time = utcnow()
    stack.note("DELETE_COMPLETE")


def _run(stack: Stack, deployment: Deployment) -> str | None:
    """Deploy and publish the outputs; answers what went wrong."""
    try:
        deployment.run()
        publish(stack, deployment.outputs())
    except ResourceFailed as failure:
        kind = deployment.blueprint.template["Resources"][failure.logical_id]["Type"]
        return (
            f"ResourceLogicalId:{failure.logical_id}, ResourceType:{kind}, "
            f"ResourceStatusReason:{failure}."
        )
    except FAILURES as error:
        return reason_of(error)
    return None
