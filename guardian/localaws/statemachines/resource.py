"""AWS::StepFunctions::StateMachine, as CloudFormation makes, changes and deletes it."""

import json
from collections.abc import Mapping
from typing import Any

from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import stepfunctions_parser_backends as backends
from moto.stepfunctions.utils import cfn_to_api_tags

Properties = Mapping[str, Any]


def install() -> None:
    """Teach moto's CloudFormation the properties of state machines."""
    StateMachine.create_from_cloudformation_json = _bound(_create)
    StateMachine.update_from_cloudformation_json = _bound(_update)
    StateMachine.delete_from_cloudformation_json = _bound(_delete)
    StateMachine.cloudformation_name_type = staticmethod(lambda: "StateMachineName")


def _bound(function: Any) -> Any:
    return classmethod(function)


def definition_of(properties: Properties) -> str:
    """The definition that the properties say, with its substitutions made.

    Raises InvalidDefinition when there is none that local AWS can read.
    """
    if "Definition" in properties:
        definition = json.dumps(properties["Definition"])
    elif "DefinitionString" in properties:
        definition = str(properties["DefinitionString"])
    else:
        raise InvalidDefinition("Local AWS needs Definition or DefinitionString.")
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        definition = definition.replace("${" + name + "}", _substituted(value))
    return definition


def _substituted(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _create(
    _: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **__: Any,
) -> Any:
    properties = cloudformation_json["Properties"]
    return backends[account_id][region_name].create_state_machine(
        properties.get("StateMachineName", resource_name),
        definition_of(properties),
        properties["RoleArn"],
        tags=cfn_to_api_tags(properties.get("Tags", [])),
        loggingConfiguration=_camel(properties.get("LoggingConfiguration")),
        tracingConfiguration=_camel(properties.get("TracingConfiguration")),
        sm_type=properties.get("StateMachineType"),
    )


def _update(
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    properties = cloudformation_json["Properties"]
    backend = backends[account_id][region_name]
    if properties.get("StateMachineName", original_resource.name) != original_resource.name:
        replacement = _create(cls, new_resource_name, cloudformation_json, account_id, region_name)
        backend.delete_state_machine(original_resource.arn)
        return replacement
    machine = backend.update_state_machine(
        original_resource.arn,
        definition_of(properties),
        properties["RoleArn"],
        logging_configuration=_camel(properties.get("LoggingConfiguration")) or {"level": "OFF"},
        tracing_configuration=_camel(properties.get("TracingConfiguration")) or {"enabled": False},
    )
    backend.tagger.delete_all_tags_for_resource(machine.arn)
    backend.tagger.tag_resource(machine.arn, cfn_to_api_tags(properties.get("Tags", [])))
    return machine


def _delete(_: Any, resource_name: str, __: Any, account_id: str, region_name: str) -> None:
    backend = backends[account_id][region_name]
    for machine in list(backend.state_machines):
        if resource_name in (machine.arn, machine.name):
            backend.delete_state_machine(machine.arn)


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: _camel(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_camel(member) for member in value]
    return value
