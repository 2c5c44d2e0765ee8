"""AWS::Events: rules, event buses and their policies."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import events_backends

from guardian.localaws.cloudformation.failures import FAILURES
from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where


def _bus_name(properties: Properties) -> str:
    return str(properties.get("EventBusName") or "default").split("/")[-1]


def _rules(where: Where, properties: Properties) -> dict[str, Any]:
    bus = events_backends[where.account][where.region].event_buses.get(_bus_name(properties))
    return bus.rules if bus else {}


def _create_rule(where: Where, properties: Properties) -> Made:
    name = properties["Name"]
    if name in _rules(where, properties):
        raise JsonRESTError("ResourceAlreadyExistsException", f"Rule {name} already exists.")
    try:
        return _put_rule(where, properties)
    except FAILURES:
        _rules(where, properties).pop(name, None)
        raise


def _put_rule(where: Where, properties: Properties) -> Made:
    backend = events_backends[where.account][where.region]
    name, bus = properties["Name"], _bus_name(properties)
    pattern = properties.get("EventPattern")
    rule = backend.put_rule(
        name,
        description=properties.get("Description"),
        event_bus_arn=bus,
        event_pattern=pattern
        if pattern is None or isinstance(pattern, str)
        else json.dumps(pattern),
        role_arn=properties.get("RoleArn"),
        scheduled_expression=properties.get("ScheduleExpression"),
        state=properties.get("State"),
        tags=properties.get("Tags"),
    )
    targets = [dict(target) for target in properties.get("Targets", [])]
    kept = {target["Id"] for target in targets}
    rule.remove_targets([target["Id"] for target in rule.targets if target["Id"] not in kept])
    if targets:
        backend.put_targets(name, bus, targets)
    return Made(name if bus == "default" else f"{bus}|{name}", {"Arn": rule.arn})


def _update_rule(where: Where, _: Made, __: Properties, new: Properties) -> Made:
    return _put_rule(where, new)


def _delete_rule(where: Where, made: Made, properties: Properties) -> None:
    _rules(where, properties).pop(made.physical_id.split("|")[-1], None)


def _read_rule(where: Where, made: Made, properties: Properties) -> Properties | None:
    rule = _rules(where, properties).get(made.physical_id.split("|")[-1])
    if rule is None:
        return None
    described = rule.describe()
    pattern = described.get("EventPattern")
    return described | {
        "EventPattern": json.loads(pattern) if pattern else None,
        "Targets": rule.targets,
    }


def _create_bus(where: Where, properties: Properties) -> Made:
    backend = events_backends[where.account][where.region]
    bus = backend.create_event_bus(
        properties["Name"],
        event_source_name=properties.get("EventSourceName"),
        description=properties.get("Description"),
        kms_key_identifier=properties.get("KmsKeyIdentifier"),
        dead_letter_config=properties.get("DeadLetterConfig"),
        tags=properties.get("Tags"),
    )
    if policy := properties.get("Policy"):
        bus.add_policy(policy if isinstance(policy, dict) else json.loads(policy))
    return Made(bus.name, {"Arn": bus.arn, "Name": bus.name})


def _update_bus(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    bus = events_backends[where.account][where.region].describe_event_bus(made.physical_id)
    bus.description = properties.get("Description")
    bus.dead_letter_config = properties.get("DeadLetterConfig")
    if policy := properties.get("Policy"):
        bus.add_policy(policy if isinstance(policy, dict) else json.loads(policy))
    return made


def _delete_bus(where: Where, made: Made, _: Properties) -> None:
    events_backends[where.account][where.region].delete_event_bus(made.physical_id)


def _read_bus(where: Where, made: Made, _: Properties) -> Properties | None:
    bus = events_backends[where.account][where.region].event_buses.get(made.physical_id)
    if bus is None:
        return None
    return {
        "Name": bus.name,
        "Description": bus.description,
        "DeadLetterConfig": bus.dead_letter_config,
        "Policy": json.loads(bus.policy) if bus.policy else None,
    }


def _put_bus_policy(where: Where, properties: Properties) -> Made:
    backend = events_backends[where.account][where.region]
    bus = backend.describe_event_bus(_bus_name(properties))
    statement = properties.get("Statement") or {
        "Effect": "Allow",
        "Action": properties.get("Action"),
        "Principal": _principal(properties.get("Principal")),
        "Resource": bus.arn,
        "Condition": _condition(properties.get("Condition")),
    }
    if isinstance(statement, str):
        statement = json.loads(statement)
    identity = properties["StatementId"]
    present = json.loads(bus.policy)["Statement"] if bus.policy else []
    others = [one for one in present if one["Sid"] != identity]
    stated = {key: value for key, value in statement.items() if value is not None}
    bus.add_policy({"Statement": [*others, {"Resource": bus.arn} | stated | {"Sid": identity}]})
    return Made(f"{bus.name}|{identity}")


def _principal(principal: Any) -> Any:
    return {"AWS": f"arn:aws:iam::{principal}:root"} if str(principal).isdigit() else principal


def _condition(condition: Any) -> Any:
    return condition and {condition["Type"]: {condition["Key"]: condition["Value"]}}


def _update_bus_policy(where: Where, _: Made, __: Properties, new: Properties) -> Made:
    return _put_bus_policy(where, new)


def _statements(where: Where, made: Made) -> dict[str, Any]:
    name = made.physical_id.split("|")[0]
    bus = events_backends[where.account][where.region].event_buses.get(name)
    return bus._statements if bus else {}


def _delete_bus_policy(where: Where, made: Made, _: Properties) -> None:
    _statements(where, made).pop(made.physical_id.split("|")[1], None)


def _read_bus_policy(where: Where, made: Made, properties: Properties) -> Properties | None:
    statement = _statements(where, made).get(made.physical_id.split("|")[1])
    if statement is None:
        return None
    return dict(properties) | {"Statement": _like(statement.describe(), properties)}


def _like(actual: dict[str, Any], properties: Properties) -> Any:
    """Of the actual statement what the template states: AWS adds the Sid and the resource."""
    stated = properties.get("Statement")
    if not isinstance(stated, dict):
        return stated
    return {key: value for key, value in actual.items() if key in stated}


TYPES = (
    ResourceType(
        "AWS::Events::Rule",
        _create_rule,
        _update_rule,
        _delete_rule,
        _read_rule,
        name_property="Name",
        name_limit=64,
        create_only=frozenset({"EventBusName"}),
    ),
    ResourceType(
        "AWS::Events::EventBus",
        _create_bus,
        _update_bus,
        _delete_bus,
        _read_bus,
        name_property="Name",
    ),
    ResourceType(
        "AWS::Events::EventBusPolicy",
        _put_bus_policy,
        _update_bus_policy,
        _delete_bus_policy,
        _read_bus_policy,
        create_only=frozenset({"EventBusName", "StatementId"}),
    ),
)
