"""The API's answers about stacks and change sets; `self` is moto's response."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.utils import generate_changeset_id
from moto.core.responses import ActionResult, EmptyResult

from guardian.localaws.cloudformation import backend as stacks
from guardian.localaws.cloudformation.change_sets import ChangeSet
from guardian.localaws.cloudformation.lifecycle import check_updatable
from guardian.localaws.cloudformation.s3 import read_object
from guardian.localaws.cloudformation.stack import Blueprint, Stack
from guardian.localaws.cloudformation.template import (
    MAX_INLINE,
    check_capabilities,
    parse,
    required_capabilities,
)


def create_stack(self: Any) -> Any:
    text = _template(self)
    check_capabilities(parse(text), self._get_param("Capabilities", []))
    keep = self._get_param("DisableRollback") or self._get_param("OnFailure") == "DO_NOTHING"
    stack = stacks.create_stack(
        self.cloudformation_backend,
        self._get_param("StackName"),
        text,
        _given(self),
        _tags(self),
        role_arn=self._get_param("RoleARN"),
        notification_arns=self._get_param("NotificationARNs"),
        enable_termination_protection=self._get_param("EnableTerminationProtection"),
        timeout_in_minutes=self._get_param("TimeoutInMinutes"),
        policy=self._get_param("StackPolicyBody"),
        capabilities=self._get_param("Capabilities"),
        token=self._get_param("ClientRequestToken"),
        disable_rollback=bool(keep),
    )
    return ActionResult({"StackId": stack.stack_id})


def update_stack(self: Any) -> Any:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    text = _template(self, stack)
    check_capabilities(parse(text), self._get_param("Capabilities", []))
    check_updatable(stack)
    stack.token = self._get_param("ClientRequestToken")
    self.cloudformation_backend.update_stack(
        stack.stack_id,
        text,
        self._get_param("RoleARN"),
        self._get_param("Parameters", []),
        _tags(self),
    )
    return ActionResult({"StackId": stack.stack_id})


def update_termination_protection(self: Any) -> Any:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = bool(self._get_param("EnableTerminationProtection"))
    return ActionResult({"StackId": stack.stack_id})


def create_change_set(self: Any) -> Any:
    backend, name = self.cloudformation_backend, self._get_param("StackName")
    if self._get_param("ChangeSetType", "UPDATE") == "CREATE":
        blueprint = _blueprint(self, _template(self), _given(self))
        stack = stacks.reviewed_stack(backend, name, _tags(self))
    else:
        stack = backend.get_stack(name)
        check_updatable(stack)
        given = stacks.resolved_parameters(stack, self._get_param("Parameters", []))
        blueprint = _blueprint(self, _template(self, stack), given)
    made = stacks.create_change_set(
        backend,
        ChangeSet(
            id=generate_changeset_id(self._get_param("ChangeSetName"), *reversed(stack.where)),
            name=self._get_param("ChangeSetName"),
            stack=stack,
            blueprint=blueprint,
            tags=_tags(self),
            description=self._get_param("Description"),
        ),
    )
    return ActionResult({"Id": made.id, "StackId": stack.stack_id})


def _blueprint(self: Any, text: str, given: Mapping[str, Any]) -> Blueprint:
    check_capabilities(parse(text), self._get_param("Capabilities", []))
    return Blueprint.read(text, given)


def describe_change_set(self: Any) -> Any:
    return ActionResult(_change_set(self).described())


def execute_change_set(self: Any) -> Any:
    change_set = _change_set(self)
    if change_set.execution_status != "AVAILABLE":
        raise ValidationError(
            message=f"ChangeSet [{change_set.id}] cannot be executed in its current execution "
            f"status of [{change_set.execution_status}]"
        )
    stacks.execute(change_set)
    return EmptyResult()


def delete_change_set(self: Any) -> Any:
    del self.cloudformation_backend.change_sets[_change_set(self).id]
    return EmptyResult()


def list_change_sets(self: Any) -> Any:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    known = self.cloudformation_backend.change_sets.values()
    return ActionResult({"Summaries": [c.summary() for c in known if c.stack is stack]})


def validate_template(self: Any) -> Any:
    template = parse(_template(self))
    needed = required_capabilities(template["Resources"].values())
    return ActionResult(
        {
            "Description": template.get("Description"),
            "Capabilities": [needed] if needed else [],
            "CapabilitiesReason": f"The following resource(s) require capabilities: [{needed}]"
            if needed
            else None,
            "Parameters": [
                {
                    "ParameterKey": key,
                    "DefaultValue": str(slot["Default"]) if "Default" in slot else None,
                    "NoEcho": str(slot.get("NoEcho", False)).lower() == "true",
                    "Description": slot.get("Description"),
                }
                for key, slot in (template.get("Parameters") or {}).items()
            ],
        }
    )


def _template(self: Any, stack: Stack | None = None) -> str:
    if stack is not None and self._get_param("UsePreviousTemplate"):
        return stack.template
    body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
    if body and len(body.encode()) > MAX_INLINE:
        raise ValidationError(
            message="1 validation error detected: Value at 'templateBody' failed to satisfy "
            f"constraint: Member must have length less than or equal to {MAX_INLINE}"
        )
    if not (body or url):
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    return str(body) if body else read_object(url, self.current_account)


def _given(self: Any) -> dict[str, str]:
    asked = self._get_param("Parameters", [])
    return {one["ParameterKey"]: one.get("ParameterValue", "") for one in asked}


def _tags(self: Any) -> dict[str, str] | None:
    return {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])} or None


def _change_set(self: Any) -> ChangeSet:
    name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
    for known in self.cloudformation_backend.change_sets.values():
        in_stack = stack in (None, known.stack.name, known.stack.stack_id)
        if name == known.id or (name == known.name and in_stack):
            found: ChangeSet = known
            return found
    error = ValidationError(message=f"ChangeSet [{name}] does not exist")
    error.code = "ChangeSetNotFound"
    raise error


HANDLERS = (
    create_stack,
    update_stack,
    update_termination_protection,
    create_change_set,
    describe_change_set,
    execute_change_set,
    delete_change_set,
    list_change_sets,
    validate_template,
)
