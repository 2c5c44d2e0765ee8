"""AWS's service models, read with members in PascalCase as kinds spell them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import ParamValidator

from guardian.aws.spelling import to_api
from guardian.kinds.base import Call

_session = botocore.session.get_session()


def operation(call: Call) -> OperationModel:
    return _session.get_service_model(call.service).operation_model(call.action)


def member(shape: Shape, name: str) -> Shape:
    """A member by its name in PascalCase. KeyError where there is none."""
    assert isinstance(shape, StructureShape), f"{shape.name} has no members: {name}"
    found: Shape = {pascal(each): sub for each, sub in shape.members.items()}[name]
    return found


def at(shape: Shape, path: str) -> Shape:
    """The shape that a path of `guardian.documents` leads to. KeyError where AWS has nothing there."""
    for part in path.split(".") if path else ():
        name, _, index = part.partition("[")
        shape = member(shape, name)
        if index:
            assert isinstance(shape, ListShape), part
            shape = shape.member
    return shape


def objections(value: Mapping[str, Any], shape: Shape | None) -> list[str]:
    """What AWS would say against a request or an answer with these members."""
    if shape is None:
        return [f"takes no arguments: {value}"] if value else []
    report = ParamValidator().validate(to_api(value, shape), shape).generate_report()
    return [*report.splitlines(), *_misspelt(value, shape)]


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _misspelt(value: Any, shape: Shape) -> Iterator[str]:
    """What botocore does not look at: the case of members, enums, limits from above."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = {pascal(name): sub for name, sub in shape.members.items()}
        for name, item in value.items():
            if name not in known:
                yield f"no member {name} in {shape.name}"
            else:
                yield from _misspelt(item, known[name])
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for item in value.values():
            yield from _misspelt(item, shape.value)
    elif isinstance(shape, ListShape) and isinstance(value, Sequence):
        for item in value:
            yield from _misspelt(item, shape.member)
    else:
        yield from _out_of_range(value, shape)


def _out_of_range(value: Any, shape: Shape) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield f"{value!r} is none of {choices}"
    most = shape.metadata.get("max")
    if most is not None and isinstance(value, int) and value > most:
        yield f"{value} is more than {most}"
