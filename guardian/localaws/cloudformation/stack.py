"""A stack: its template, its parameters, and the resources it deployed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudformation.models import Event
from moto.cloudformation.parsing import Export
from moto.core.utils import utcnow

from guardian.localaws.cloudformation.functions import check_references, parameter_values
from guardian.localaws.cloudformation.resource import Resource, Where
from guardian.localaws.cloudformation.rules import check_rules
from guardian.localaws.cloudformation.template import parse
from guardian.localaws.cloudformation.types.lookup import check_types

UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
)


@dataclass(frozen=True)
class Blueprint:
    """A template that was checked, with the values of its parameters."""

    text: str
    template: Mapping[str, Any]
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]

    @classmethod
    def read(cls, text: str, given: Mapping[str, Any]) -> "Blueprint":
        """Raises ValidationError."""
        template = parse(text)
        check_types(template)
        check_references(template)
        values = parameter_values(template, given)
        check_rules(template, values)
        return cls(text, template, given, values)

    @property
    def substance(self) -> tuple[Any, ...]:
        """What an update must change for it to be one."""
        sections = ("Resources", "Outputs", "Conditions", "Mappings")
        return (*(self.template.get(name) for name in sections), self.parameters)


@dataclass
class Stack:
    """Its attributes are named for moto's serializer, which answers DescribeStacks with them."""

    class Meta:
        """What moto's serializer finds under other names."""

        serialization_aliases = {"Parameters": "parameter_list"}  # noqa: RUF012 - moto reads it so

    stack_id: str
    name: str
    where: Where
    blueprint: Blueprint | None
    exported: dict[str, Export]
    tags: dict[str, str] = field(default_factory=dict)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    enable_termination_protection: bool = False
    timeout_in_minutes: int | None = None
    policy: str = ""
    token: str | None = None
    disable_rollback: bool = False
    capabilities: list[str] = field(default_factory=list)
    status: str = "CREATE_IN_PROGRESS"
    stack_status_reason: str | None = None
    creation_time: datetime = field(default_factory=utcnow)
    last_updated_time: datetime | None = None
    deletion_time: datetime | None = None
    deployed: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    drift_information: dict[str, Any] = field(
        default_factory=lambda: {"StackDriftStatus": "NOT_CHECKED"}
    )
    drifts: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def template(self) -> str:
        return self.blueprint.text if self.blueprint else ""

    @property
    def description(self) -> str | None:
        return self.blueprint.template.get("Description") if self.blueprint else None

    @property
    def template_description(self) -> str | None:
        return self.description

    @property
    def stack_parameters(self) -> Mapping[str, Any]:
        return self.blueprint.parameters if self.blueprint else {}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """As they were given, for `UsePreviousValue`."""
        return self.blueprint.given if self.blueprint else {}

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        declared = self.blueprint.template.get("Parameters") or {} if self.blueprint else {}
        return [
            {"ParameterKey": key, "ParameterValue": _shown(value, declared[key])}
            for key, value in self.stack_parameters.items()
        ]

    @property
    def stack_resources(self) -> Iterable[Resource]:
        return self.deployed.values()

    @property
    def exports(self) -> list[Export]:
        return [export for export in self.exported.values() if _is_of(export, self)]

    def note(self, status: str, reason: str | None = None) -> None:
        """Go to `status` and tell it in the stack's events."""
        self.status, self.stack_status_reason = status, reason
        self._add_event(self.name, self.stack_id, "AWS::CloudFormation::Stack", status, reason)

    def note_resource(
        self, logical_id: str, kind: str, status: str, physical_id: str = "", reason: str = ""
    ) -> None:
        """Tell in the stack's events what becomes of a resource."""
        self._add_event(logical_id, physical_id, kind, status, reason or None)

    def _add_event(
        self, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None
    ) -> None:
        event = Event(
            self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None
        )
        event.client_request_token = self.token
        if logical_id == self.name:
            event.sendToSns(*self.where, self.notification_arns)
        self.events.append(event)


def _shown(value: Any, slot: Mapping[str, Any]) -> str:
    if str(slot.get("NoEcho", False)).lower() == "true":
        return "****"
    return ",".join(value) if isinstance(value, list) else str(value)


def _is_of(export: Export, stack: Stack) -> bool:
    return bool(export.exporting_stack_id == stack.stack_id)
