"""Members of an API as CloudTrail writes them in requestParameters and responseElements."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET = re.compile(r"password|secret|credential|privatekey|authtoken", re.IGNORECASE)
Elements = dict[str, Any] | None


def elements(values: Mapping[str, Any], shape: Shape | None) -> Elements:
    """Lower-camel member names, keys of maps as they are; None when there is nothing."""
    return _structure(values, shape, _plain) if shape is not None and values else None


def ec2_request(action: str, values: Mapping[str, Any], shape: Shape | None) -> Elements:
    """EC2's own way: a list is a set of items, instances have one set of their own."""
    if shape is None or not values:
        return None
    members = dict(values)
    instances: list[dict[str, Any]] = [{"instanceId": i} for i in members.pop("InstanceIds", [])]
    if action == "RunInstances":
        founders = ("ImageId", "MinCount", "MaxCount")
        instances = [{_lower(n): members.pop(n) for n in founders if n in members}]
    found = {
        _set_name(name, shape): {"items": value} if isinstance(value, list) else value
        for name, value in (_structure(members, shape, _plain) or {}).items()
    }
    return {"instancesSet": {"items": instances}} | found if instances else found or None


def ec2_response(values: Mapping[str, Any], shape: Shape | None, request_id: str) -> Elements:
    """The names of EC2's XML, its lists as `{"items": […]}` or `{}`, times in milliseconds."""
    found = _structure(values, shape, _ec2) if shape is not None else None
    return {"requestId": request_id} | (found or {})


Convert = Callable[[Any, Shape], Any]


def _structure(values: Mapping[str, Any], shape: Shape, convert: Convert) -> Elements:
    assert isinstance(shape, StructureShape)  # noqa: S101 - inputs and outputs are structures
    found = {}
    for name, value in values.items():
        member = shape.members.get(name)
        if member is not None and value is not None:
            found[_name(name, member, convert)] = _member(name, value, member, convert)
    return found or None


def _name(name: str, member: Shape, convert: Convert) -> str:
    return _lower(member.serialization.get("name", name) if convert is _ec2 else name)


def _member(name: str, value: Any, shape: Shape, convert: Convert) -> Any:
    if shape.metadata.get("sensitive") or (_SECRET.search(name) and isinstance(value, str)):
        return HIDDEN
    return convert(value, shape)


def _plain(value: Any, shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        return [_plain(element, shape.member) for element in value]
    if isinstance(value, datetime):
        return _spelled_out(value)
    return _nested(value, shape, _plain)


def _ec2(value: Any, shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        items = [_ec2(element, shape.member) for element in value]
        return {"items": items} if items else {}
    if isinstance(value, datetime):
        return int(_utc(value).timestamp() * 1000)
    return _nested(value, shape, _ec2)


def _nested(value: Any, shape: Shape, convert: Convert) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return _structure(value, shape, convert) or {}
    if isinstance(shape, MapShape):
        return {key: _member(str(key), held, shape.value, convert) for key, held in value.items()}
    return HIDDEN if isinstance(value, bytes) else value


def _set_name(name: str, shape: Shape) -> str:
    """`TagSpecifications` (on the wire `TagSpecification`) is a `tagSpecificationSet`."""
    assert isinstance(shape, StructureShape)  # noqa: S101 - inputs are structures
    member = next(found for known, found in shape.members.items() if _lower(known) == name)
    wire = _lower(member.serialization.get("name", name))
    return f"{wire}Set" if isinstance(member, ListShape) else wire


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _spelled_out(moment: datetime) -> str:
    """As in `Nov 20, 2026, 9:01:00 AM`."""
    at = _utc(moment)
    return f"{at:%b} {at.day}, {at.year}, {at.hour % 12 or 12}:{at:%M:%S %p}"


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
