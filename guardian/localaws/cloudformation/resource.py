"""What CloudFormation knows of a resource and of its type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from moto.cloudformation.exceptions import ValidationError

Properties = Mapping[str, Any]


class Where(NamedTuple):
    """The account and region of a stack."""

    account: str
    region: str


@dataclass(frozen=True)
class Made:
    """A new resource: what `Ref` answers, and what `Fn::GetAtt` does."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    model: Any = None


@dataclass(frozen=True)
class ResourceType:
    """How resources of one type are made, changed, removed and read.

    `update` is given the old properties and the new. `delete` of what is gone already does
    nothing. `read` answers what the resource is like now, in the shape of its properties, and
    None when it is gone; a type without it is not checked for drift. A property that is not
    `known` is refused, unless all are.
    """

    name: str
    create: Callable[[Where, Properties], Made]
    update: Callable[[Where, Made, Properties, Properties], Made]
    delete: Callable[[Where, Made, Properties], None]
    read: Callable[[Where, Made, Properties], Properties | None] | None = None
    name_property: str | None = None
    name_limit: int = 255
    create_only: frozenset[str] = frozenset()
    known: frozenset[str] | None = None

    def check(self, properties: Properties) -> None:
        """Raises ValidationError for a property that nothing would come of."""
        unknown = sorted(set(properties) - self.known) if self.known is not None else []
        if unknown:
            raise ValidationError(
                message=f"Local AWS does not know these properties of {self.name}: "
                f"{', '.join(unknown)}"
            )

    def is_replaced(self, old: Properties, new: Properties) -> bool:
        """Whether going from `old` to `new` takes another resource."""
        names = self.create_only | {self.name_property or ""}
        return any(old.get(name) != new.get(name) for name in names)


@dataclass(frozen=True)
class Resource:
    """A resource of a stack as it was last deployed."""

    logical_id: str
    type: ResourceType
    body: Mapping[str, Any]
    properties: Properties
    made: Made

    @property
    def logical_resource_id(self) -> str:
        return self.logical_id

    @property
    def physical_resource_id(self) -> str:
        return self.made.physical_id

    @property
    def cf_resource_type(self) -> str:
        return self.type.name

    @property
    def is_retained(self) -> bool:
        return str(self.body.get("DeletionPolicy", "")).startswith("Retain")

    @property
    def is_retained_at_once(self) -> bool:
        """Whether it stays even when the very operation that made it is rolled back."""
        return self.body.get("DeletionPolicy") == "Retain"

    def attribute(self, name: str) -> Any:
        """Raises ValidationError when the type has no such attribute."""
        if name in self.made.attributes:
            return self.made.attributes[name]
        model = self.made.model
        if model is not None and model.has_cfn_attr(name):
            return model.get_cfn_attribute(name)
        raise ValidationError(
            message=f"Template error: resource {self.logical_id} does not support attribute type "
            f"{name} in Fn::GetAtt"
        )
