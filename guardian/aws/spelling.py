"""Names of members as Step Functions spells them, PascalCase, for the APIs that spell theirs in camelCase.

Kinds speak to both with one declaration. Only members of structures are spelt anew: the keys of a map are data.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

# Models live as long as their clients do, and are told apart by identity.
_OPERATIONS, _STRUCTURES = 256, 1024


@lru_cache(maxsize=_OPERATIONS)
def spelt_low(operation: OperationModel) -> bool:
    """Whether the API spells the members of this operation in camelCase."""
    shapes = (operation.input_shape, operation.output_shape)
    members = [name for shape in shapes if shape for name in getattr(shape, "members", ())]
    return any(name[:1].islower() for name in members)


def to_api(arguments: Mapping[str, object], shape: Shape | None) -> dict[str, Any]:
    """Arguments in PascalCase as the API wants them."""
    spelt: dict[str, Any] = _spelt(dict(arguments), shape, _own_names)
    return spelt


def from_api(answer: Mapping[str, object], shape: Shape | None) -> dict[str, Any]:
    """An API's answer in PascalCase."""
    spelt: dict[str, Any] = _spelt(dict(answer), shape, _pascal_names)
    return spelt


Names = Callable[[StructureShape], Mapping[str, tuple[str, Shape]]]
"""For each name as it is written: the new one, and the shape of the member."""


@lru_cache(maxsize=_STRUCTURES)
def _own_names(shape: StructureShape) -> Mapping[str, tuple[str, Shape]]:
    return {_pascal(name): (name, member) for name, member in shape.members.items()}


@lru_cache(maxsize=_STRUCTURES)
def _pascal_names(shape: StructureShape) -> Mapping[str, tuple[str, Shape]]:
    return {name: (_pascal(name), member) for name, member in shape.members.items()}


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _spelt(value: Any, shape: Shape | None, names: Names) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = names(shape)
        spelt = {}
        for key, item in value.items():
            name, member = known.get(key, (key, None))
            spelt[name] = _spelt(item, member, names)
        return spelt
    if isinstance(shape, ListShape) and isinstance(value, list | tuple):
        return [_spelt(item, shape.member, names) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _spelt(item, shape.value, names) for key, item in value.items()}
    return value
