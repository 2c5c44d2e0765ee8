"""A part of SageMaker's API, answered by its own class in front of those installed before."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from botocore.model import Shape, StructureShape
from moto.core.utils import get_service_model
from moto.sagemaker import urls
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse

from guardian.localaws.world import World


class Part(SageMakerResponse):
    """Answers some of SageMaker's calls as things are at the moment of the call."""

    world: ClassVar[World]

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def asked(self) -> dict[str, Any]:
        """The request. Raises ValidationError when a member is missing or outside its enum."""
        params: dict[str, Any] = self._get_params()
        operation = get_service_model("sagemaker").operation_model(self._get_action())
        found = list(_violations(params, operation.input_shape))
        if found:
            plural = "error" if len(found) == 1 else "errors"
            raise ValidationError(f"{len(found)} validation {plural} detected: {'; '.join(found)}")
        return params


def serve(part: type[SageMakerResponse]) -> None:
    """Answer the calls that `part` defines by `part`, and all others as before."""
    before = next(iter(urls.url_paths.values())).__self__
    answering: Any = type(part.__name__, (part, before), {})
    urls.url_paths = dict.fromkeys(urls.url_paths, answering.dispatch)


def _violations(params: Mapping[str, Any], shape: Shape, path: str = "") -> Iterator[str]:
    assert isinstance(shape, StructureShape)  # noqa: S101 - inputs are structures
    for name in shape.required_members:
        if name not in params:
            yield _violation("null", path + _lower(name), "not be null")
    for name, value in params.items():
        member = shape.members.get(name)
        if isinstance(member, StructureShape):
            yield from _violations(value, member, f"{path}{_lower(name)}.")
        elif (allowed := getattr(member, "enum", None)) and value not in allowed:
            rule = f"satisfy enum value set: [{', '.join(allowed)}]"
            yield _violation(f"'{value}'", path + _lower(name), rule)


def _violation(value: str, path: str, rule: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: Member must {rule}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
