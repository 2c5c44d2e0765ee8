"""Takes a stack's resources from what they are to what a template says, or back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moto.cloudformation.exceptions import ExportNotFound, ValidationError
from moto.cloudformation.parsing import Export

from guardian.localaws.cloudformation.failures import FAILURES, ResourceFailed, reason_of
from guardian.localaws.cloudformation.functions import NO_VALUE, Evaluator
from guardian.localaws.cloudformation.names import generated_name
from guardian.localaws.cloudformation.resource import Properties, Resource, ResourceType
from guardian.localaws.cloudformation.stack import Blueprint, Stack
from guardian.localaws.cloudformation.types.lookup import type_named


@dataclass
class Deployment:
    """One create or update of a stack's resources.

    Resources are made in the order of their references; what the template no longer has is
    left for `clean_up`, so that a failure can be undone by `roll_back`.
    """

    stack: Stack
    blueprint: Blueprint
    previous: Mapping[str, Resource]
    done: dict[str, Resource] = field(default_factory=dict)
    _undo: list[tuple[Resource | None, Resource]] = field(default_factory=list)
    _under_way: list[str] = field(default_factory=list)
    _replaced: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(
            self.blueprint.template, self._values(), self._attribute, self._imported
        )

    def run(self) -> None:
        """Deploy every resource. Raises ResourceFailed."""
        for logical_id in self.blueprint.template["Resources"]:
            self._resource(logical_id)

    def outputs(self) -> list[dict[str, Any]]:
        """The stack's outputs. Raises ValidationError."""
        found = []
        for key, output in (self.blueprint.template.get("Outputs") or {}).items():
            if "Condition" in output and not self.evaluator.condition(output["Condition"]):
                continue
            name = (output.get("Export") or {}).get("Name")
            found.append(
                {
                    "OutputKey": key,
                    "OutputValue": str(self.evaluator.resolve(output["Value"])),
                    "Description": output.get("Description"),
                    "ExportName": name and str(self.evaluator.resolve(name)),
                }
            )
        return found

    def roll_back(self) -> bool:
        """Undo what was done, last first; answers whether all could be undone."""
        outcomes = [self._undo_one(old, new) for old, new in reversed(self._undo)]
        return all(outcomes)

    def clean_up(self) -> None:
        """Remove what the template no longer has, and what was replaced."""
        for logical_id, old in reversed(list(self.previous.items())):
            if logical_id not in self.done or logical_id in self._replaced:
                remove(self.stack, old)

    def _values(self) -> dict[str, Any]:
        account, region = self.stack.where
        return {
            **self.blueprint.parameters,
            "AWS::AccountId": account,
            "AWS::Region": region,
            "AWS::StackId": self.stack.stack_id,
            "AWS::StackName": self.stack.name,
            "AWS::NotificationARNs": self.stack.notification_arns,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NO_VALUE,
        }

    def _imported(self, name: str) -> str:
        if name not in self.stack.exported:
            raise ExportNotFound(name)
        return str(self.stack.exported[name].value)

    def _attribute(self, logical_id: str, attribute: str | None) -> Any:
        resource = self._resource(logical_id)
        if resource is None:
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies "
                f"[{logical_id}] in the Resources block of the template"
            )
        return (
            resource.physical_resource_id if attribute is None else resource.attribute(attribute)
        )

    def _resource(self, logical_id: str) -> Resource | None:
        if logical_id in self.done:
            return self.done[logical_id]
        body = self.blueprint.template["Resources"][logical_id]
        if "Condition" in body and not self.evaluator.condition(body["Condition"]):
            return None
        if logical_id in self._under_way:
            raise ValidationError(
                message=f"Circular dependency between resources: [{', '.join(self._under_way)}]"
            )
        self._under_way.append(logical_id)
        try:
            self.done[logical_id] = self._deploy(logical_id, body)
        except FAILURES as error:
            reason = reason_of(error)
            verb = "UPDATE" if logical_id in self.previous else "CREATE"
            self.stack.note_resource(logical_id, body["Type"], f"{verb}_FAILED", reason=reason)
            raise ResourceFailed(logical_id, reason) from error
        self._under_way.remove(logical_id)
        return self.done[logical_id]

    def _deploy(self, logical_id: str, body: Mapping[str, Any]) -> Resource:
        depends = body.get("DependsOn") or []
        for dependency in [depends] if isinstance(depends, str) else depends:
            self._resource(dependency)
        kind = type_named(body["Type"])
        if kind is None:
            raise ValidationError(message=f"Unrecognized resource type {body['Type']}")
        old = self.previous.get(logical_id)
        same_type = old if old is not None and old.type.name == kind.name else None
        stated = self.evaluator.resolve(body.get("Properties") or {})
        kind.check(stated)
        properties = self._with_name(kind, logical_id, stated, same_type)
        if same_type is None:
            if old is not None:
                self._replaced.add(logical_id)
            return self._create(kind, logical_id, body, properties)
        if kind.is_replaced(same_type.properties, properties):
            self._replaced.add(logical_id)
            properties = self._with_name(kind, logical_id, stated, None)
            return self._create(kind, logical_id, body, properties)
        if same_type.properties == properties:
            return replace(same_type, body=body)
        return self._update(same_type, body, properties)

    def _with_name(
        self, kind: ResourceType, logical_id: str, properties: Properties, old: Resource | None
    ) -> Properties:
        if kind.name_property is None or kind.name_property in properties:
            return properties
        if old is not None and not old.body.get("Properties", {}).get(kind.name_property):
            return {**properties, kind.name_property: old.properties[kind.name_property]}
        name = generated_name(kind, self.stack.name, logical_id)
        return {**properties, kind.name_property: name}

    def _create(
        self,
        kind: ResourceType,
        logical_id: str,
        body: Mapping[str, Any],
        properties: Properties,
    ) -> Resource:
        self.stack.note_resource(logical_id, kind.name, "CREATE_IN_PROGRESS")
        made = kind.create(self.stack.where, properties)
        resource = Resource(logical_id, kind, body, properties, made)
        self._undo.append((None, resource))
        self.stack.note_resource(logical_id, kind.name, "CREATE_COMPLETE", made.physical_id)
        return resource

    def _update(self, old: Resource, body: Mapping[str, Any], properties: Properties) -> Resource:
        physical_id = old.physical_resource_id
        self.stack.note_resource(old.logical_id, old.type.name, "UPDATE_IN_PROGRESS", physical_id)
        made = old.type.update(self.stack.where, old.made, old.properties, properties)
        new = Resource(old.logical_id, old.type, body, properties, made)
        self._undo.append((old, new))
        self.stack.note_resource(old.logical_id, old.type.name, "UPDATE_COMPLETE", physical_id)
        return new

    def _undo_one(self, old: Resource | None, new: Resource) -> bool:
        if old is None:
            return remove(self.stack, new, retained=new.is_retained_at_once)
        try:
            old.type.update(self.stack.where, new.made, new.properties, old.properties)
        except FAILURES as error:
            self.stack.note_resource(
                old.logical_id,
                old.type.name,
                "UPDATE_FAILED",
                old.physical_resource_id,
                reason_of(error),
            )
            return False
        return True


def remove(stack: Stack, resource: Resource, *, retained: bool | None = None) -> bool:
    """Remove a resource unless it is to be retained; answers False when that failed."""
    physical_id = resource.physical_resource_id
    kind, logical_id = resource.type.name, resource.logical_id
    if resource.is_retained if retained is None else retained:
        stack.note_resource(logical_id, kind, "DELETE_SKIPPED", physical_id)
        return True
    stack.note_resource(logical_id, kind, "DELETE_IN_PROGRESS", physical_id)
    try:
        resource.type.delete(stack.where, resource.made, resource.properties)
    except FAILURES as error:
        stack.note_resource(logical_id, kind, "DELETE_FAILED", physical_id, reason_of(error))
        return False
    stack.note_resource(logical_id, kind, "DELETE_COMPLETE", physical_id)
    return True


def publish(stack: Stack, outputs: list[dict[str, Any]]) -> None:
    """Export the outputs that have an export name. Raises ValidationError on a name in use."""
    mine = {export.name for export in stack.exports}
    wanted = {o["ExportName"]: o["OutputValue"] for o in outputs if o["ExportName"]}
    for name in wanted:
        if name in stack.exported and name not in mine:
            raise ValidationError(
                message=f"Export with name {name} is already exported by stack "
                f"{stack.exported[name].exporting_stack_id}"
            )
    for name in mine - set(wanted):
        del stack.exported[name]
    for name, value in wanted.items():
        stack.exported[name] = Export(stack.stack_id, name, value)
    stack.outputs = outputs
