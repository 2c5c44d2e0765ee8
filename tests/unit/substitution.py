"""What CloudFormation makes of a template's functions: no more of them than guardian's templates use."""

import re
from collections.abc import Mapping
from typing import Any

from guardian.ids import Target

_VARIABLE = re.compile(r"\$\{(?:(!)|([A-Za-z:]+)\})?")


def substituted(template: Mapping[str, Any], target: Target, partition: str = "aws") -> Any:
    """The properties of its resources by logical id, as they are in a target; Ref and GetAtt stay as they are."""
    values = {
        "AWS::Partition": partition,
        "AWS::Region": target.region,
        "AWS::AccountId": target.account,
    }
    made = {name: resource["Properties"] for name, resource in template["Resources"].items()}
    return _resolved(made, template.get("Mappings", {}), values)


def _resolved(value: Any, mappings: Mapping[str, Any], values: Mapping[str, str]) -> Any:
    match value:
        case {"Fn::Sub": str(text)}:
            return _sub(text, values)
        case {"Fn::Sub": [str(text), dict(more)]}:
            return _sub(text, {**values, **_resolved(more, mappings, values)})
        case {"Fn::FindInMap": [name, first, second]}:
            return mappings[name][first][second]
        case dict():
            return {key: _resolved(item, mappings, values) for key, item in value.items()}
        case list():
            return [_resolved(item, mappings, values) for item in value]
        case _:
            return value


def _sub(text: str, values: Mapping[str, str]) -> str:
    """One pass, as AWS does it: what is put in is not looked into. A `${` that is neither is refused."""

    def put_in(found: re.Match[str]) -> str:
        if found[1]:
            return "${"
        assert found[2] in values, f"Template error: unresolved {text[found.start() :][:40]}"
        return values[found[2]]

    return _VARIABLE.sub(put_in, text)
