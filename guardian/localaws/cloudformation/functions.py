"""Evaluates a template: parameters, conditions, and the intrinsic functions of properties."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation.exceptions import ValidationError

NO_VALUE = object()
"""What `AWS::NoValue` stands for: the property is not there."""
PSEUDO = (
    "AccountId",
    "NotificationARNs",
    "NoValue",
    "Partition",
    "Region",
    "StackId",
    "StackName",
)
VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass
class Evaluator:
    """The values of one template in one stack.

    `attribute` answers a resource's attribute, or its reference when the attribute is None;
    it makes the resource first if need be.
    """

    template: Mapping[str, Any]
    values: Mapping[str, Any]
    attribute: Callable[[str, str | None], Any]
    imported: Callable[[str], str]
    _conditions: dict[str, bool] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """`value` with every function evaluated. Raises ValidationError."""
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in FUNCTIONS:
                return FUNCTIONS[name](self, argument)
        resolved_members = {key: self.resolve(member) for key, member in value.items()}
        return {key: v for key, v in resolved_members.items() if v is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Raises ValidationError when the template has no such condition."""
        if name not in self._conditions:
            conditions = self.template.get("Conditions") or {}
            if name not in conditions:
                raise ValidationError(
                    message=f"Template format error: Unresolved condition dependency {name}"
                )
            self._conditions[name] = bool(self.resolve(conditions[name]))
        return self._conditions[name]

    def reference(self, name: str) -> Any:
        """What `Ref` of `name` is."""
        if name in self.values:
            return self.values[name]
        return self.attribute(name, None)


def _get_att(scope: Evaluator, argument: Any) -> Any:
    name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.attribute(name, scope.resolve(attribute))


def _sub(scope: Evaluator, argument: Any) -> str:
    text, variables = (argument, {}) if isinstance(argument, str) else argument

    def replacement(match: re.Match[str]) -> str:
        literal, name = match.group(1), match.group(2).strip()
        if literal:
            return f"${{{name}}}"
        if name in variables:
            return _text(scope.resolve(variables[name]))
        if "." in name and name not in scope.values:
            return _text(_get_att(scope, name))
        return _text(scope.reference(name))

    return VARIABLE.sub(replacement, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def _join(scope: Evaluator, argument: Any) -> str:
    delimiter, values = argument
    return str(delimiter).join(_text(value) for value in scope.resolve(values))


def _select(scope: Evaluator, argument: Any) -> Any:
    index, values = scope.resolve(argument)
    if not 0 <= int(index) < len(values):
        raise ValidationError(
            message=f"Template error: Fn::Select cannot select nonexistent value at index {index}"
        )
    return values[int(index)]


def _split(scope: Evaluator, argument: Any) -> list[str]:
    delimiter, text = argument
    return str(scope.resolve(text)).split(delimiter)


def _if(scope: Evaluator, argument: Any) -> Any:
    name, then, otherwise = argument
    return scope.resolve(then if scope.condition(name) else otherwise)


def _find_in_map(scope: Evaluator, argument: Any) -> Any:
    found: Any = scope.template.get("Mappings") or {}
    path = [scope.resolve(key) for key in argument]
    for key in path:
        if not isinstance(found, dict) or str(key) not in found:
            raise ValidationError(
                message=f"Template error: Unable to get mapping for {'::'.join(map(str, path))}"
            )
        found = found[str(key)]
    return found


def _equals(scope: Evaluator, argument: Any) -> bool:
    left, right = scope.resolve(argument)
    return _text(left) == _text(right)


def _base64(scope: Evaluator, argument: Any) -> str:
    return base64.b64encode(_text(scope.resolve(argument)).encode()).decode()


def _availability_zones(scope: Evaluator, argument: Any) -> list[str]:
    region = scope.resolve(argument) or scope.values["AWS::Region"]
    return [f"{region}{zone}" for zone in "abc"]


def _ref(scope: Evaluator, argument: Any) -> Any:
    return scope.reference(argument)


FUNCTIONS: Mapping[str, Callable[[Evaluator, Any], Any]] = {
    "Ref": _ref,
    "Condition": lambda scope, name: (
        scope.condition(name) if isinstance(name, str) else {"Condition": scope.resolve(name)}
    ),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": lambda scope, name: scope.imported(scope.resolve(name)),
    "Fn::Base64": _base64,
    "Fn::GetAZs": _availability_zones,
    "Fn::ToJsonString": lambda scope, value: json.dumps(scope.resolve(value)),
    "Fn::Equals": _equals,
    "Fn::Not": lambda scope, argument: not scope.resolve(argument)[0],
    "Fn::And": lambda scope, argument: all(scope.resolve(argument)),
    "Fn::Or": lambda scope, argument: any(scope.resolve(argument)),
}


def references(value: Any) -> set[str]:
    """The names that `value` refers to: resources, parameters and pseudo parameters."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, argument in value.items():
        found |= _references_of(key, argument)
    return found


def _references_of(key: str, argument: Any) -> set[str]:
    if key == "Ref" and isinstance(argument, str):
        return {argument}
    if key == "Fn::GetAtt":
        return {argument.split(".")[0] if isinstance(argument, str) else argument[0]}
    if key == "Fn::Sub":
        return _references_of_text(argument)
    return references(argument)


def _references_of_text(argument: Any) -> set[str]:
    text, variables = (argument, {}) if isinstance(argument, str) else argument
    named = {name.strip() for literal, name in VARIABLE.findall(text) if not literal}
    used = {
        name if name.startswith("AWS::") else name.split(".")[0] for name in named - set(variables)
    }
    return used | references(variables)


def check_references(template: Mapping[str, Any]) -> None:
    """Raises ValidationError when the template refers to what it does not have."""
    known = {*template["Resources"], *(template.get("Parameters") or {})}
    known |= {f"AWS::{name}" for name in (*PSEUDO, "URLSuffix")}
    for section in ("Resources", "Outputs", "Conditions"):
        if unknown := references(template.get(section) or {}) - known:
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies "
                f"[{', '.join(sorted(unknown))}] in the {section} block of the template"
            )


def parameter_values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter with its value, lists split and numbers read. Raises ValidationError."""
    declared = template.get("Parameters") or {}
    if unknown := sorted(set(given) - set(declared)):
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    values = {name: given.get(name, slot.get("Default")) for name, slot in declared.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check_allowed(name, _text(value), declared[name])
    return {name: _typed(declared[name].get("Type", "String"), v) for name, v in values.items()}


def _check_allowed(name: str, text: str, slot: Mapping[str, Any]) -> None:
    allowed = slot.get("AllowedValues")
    if allowed and text not in [_text(one) for one in allowed]:
        raise ValidationError(
            message=f"Template error: Parameter '{name}' must be one of AllowedValues"
        )
    pattern = slot.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, text):
        raise ValidationError(message=f"Parameter {name} failed to satisfy constraint: {pattern}")


def _typed(kind: str, value: Any) -> Any:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [item.strip() for item in _text(value).split(",")]
    if kind == "Number" and isinstance(value, str):
        return float(value) if "." in value else int(value)
    return value
