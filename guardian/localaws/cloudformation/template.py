"""Reads templates: JSON, or YAML with the short forms of CloudFormation's functions."""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

import yaml
from moto.cloudformation.exceptions import CloudFormationError, ValidationError

MAX_INLINE = 51_200
"""Bytes of a template given in the call itself."""
NAMED_IAM = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
}
IAM = (*NAMED_IAM, "AWS::IAM::Policy", "AWS::IAM::AccessKey", "AWS::IAM::UserToGroupAddition")


class InsufficientCapabilities(CloudFormationError):
    code = "InsufficientCapabilitiesException"


class _Loader(yaml.CSafeLoader):
    """Dates stay text, as in CloudFormation; `!Sub` and its like become `Fn::Sub`."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # a tagged map
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


yaml.add_multi_constructor("!", _short_form, _Loader)


def parse(text: str) -> dict[str, Any]:
    """The template, the caller's to change. Raises ValidationError."""
    template: dict[str, Any] = json.loads(_normalized(text))
    return template


@lru_cache(maxsize=64)
def _normalized(text: str) -> str:
    template = _load(text)
    if not isinstance(template, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(
            message="Template format error: At least one Resources member must be defined."
        )
    for name, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise ValidationError(
                message=f"Template format error: [/Resources/{name}] must have a Type"
            )
    return json.dumps(template)


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return _Loader(text).get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValidationError(
            message=f"Template format error: YAML not well-formed.{where}"
        ) from error


def check_capabilities(template: Mapping[str, Any], given: Collection[str]) -> None:
    """Raises InsufficientCapabilities when IAM resources are not acknowledged."""
    needed = required_capabilities(template["Resources"].values())
    if not needed or "CAPABILITY_NAMED_IAM" in given:
        return
    if needed == "CAPABILITY_IAM" and needed in given:
        return
    raise InsufficientCapabilities(f"Requires capabilities : [{needed}]")


def required_capabilities(resources: Iterable[Mapping[str, Any]]) -> str | None:
    """The capability these resources need, if any."""
    needed = None
    for resource in resources:
        if NAMED_IAM.get(resource["Type"], "") in (resource.get("Properties") or {}):
            return "CAPABILITY_NAMED_IAM"
        if resource["Type"] in IAM:
            needed = "CAPABILITY_IAM"
    return needed
