"""The types that moto's own models make; for some of them, what they are like afterwards."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from moto.cloudformation.parsing import get_model_map
from moto.dynamodb.models import dynamodb_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from guardian.localaws.cloudformation.failures import FAILURES
from guardian.localaws.cloudformation.resource import Made, Properties, ResourceType, Where


def model_type(name: str) -> ResourceType | None:
    """A type made by moto's model, or None when moto has none."""
    model = get_model_map().get(name)
    if model is None:
        return None
    return ResourceType(
        name,
        partial(_create, model),
        partial(_update, model),
        partial(_delete, model),
        name_property=model.cloudformation_name_type() or "PhysicalResourceName",
    )


def _body(properties: Properties) -> dict[str, Any]:
    stated = {key: value for key, value in properties.items() if key != "PhysicalResourceName"}
    return {"Properties": stated}


def _create(model: Any, where: Where, properties: Properties) -> Made:
    name = properties[_name_property(model, properties)]
    resource = model.create_from_cloudformation_json(name, _body(properties), *where)
    return _made(resource)


def _name_property(model: Any, properties: Properties) -> str:
    named = model.cloudformation_name_type()
    return named if named in properties else "PhysicalResourceName"


def _made(resource: Any) -> Made:
    return Made(str(getattr(resource, "physical_resource_id", "")), model=resource)


def _update(model: Any, where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    name = properties[_name_property(model, properties)]
    body = _body(properties)
    changed = model.update_from_cloudformation_json(made.model, name, body, *where)
    return _made(changed or made.model)


def _delete(model: Any, where: Where, made: Made, properties: Properties) -> None:
    if "delete" in vars(type(made.model)):
        made.model.delete(*where)
    else:
        model.delete_from_cloudformation_json(made.physical_id, _body(properties), *where)


def _if_there(find: Callable[[Where, Made], Any], delete: Any) -> Any:
    def delete_if_there(where: Where, made: Made, properties: Properties) -> None:
        if find(where, made) is not None:
            delete(where, made, properties)

    return delete_if_there


def _known(
    name: str,
    find: Callable[[Where, Made], Any],
    read: Callable[[Any, Properties], Properties],
    **changes: Any,
) -> ResourceType:
    """One of moto's types, made to delete in peace and to be read."""
    stock = model_type(name)
    if stock is None:
        raise LookupError(f"this moto does not make {name}")

    def read_if_there(where: Where, made: Made, properties: Properties) -> Properties | None:
        found = find(where, made)
        return None if found is None else read(found, properties)

    return replace(stock, delete=_if_there(find, stock.delete), read=read_if_there, **changes)


def _machine(where: Where, made: Made) -> Any:
    backend = stepfunctions_parser_backends[where.account][where.region]
    return next((m for m in backend.state_machines if m.arn == made.physical_id), None)


def _read_machine(machine: Any, properties: Properties) -> Properties:
    """Definition and DefinitionSubstitutions are write-only: only DefinitionString is compared."""
    actual = {
        "StateMachineName": machine.name,
        "RoleArn": machine.roleArn,
        "StateMachineType": machine.sm_type,
    }
    if "DefinitionSubstitutions" not in properties:
        actual["DefinitionString"] = machine.definition
    return {**properties, **actual}


def _delete_machine(where: Where, made: Made, _: Properties) -> None:
    machine = _machine(where, made)
    if machine is None:
        return
    stepfunctions_parser_backends[where.account][where.region].delete_state_machine(machine.arn)
    for execution in machine.executions:
        if execution.status == "RUNNING":
            _stop(execution)


def _stop(execution: Any) -> None:
    try:
        execution.stop(stop_date=None, error=None, cause=None)
    except FAILURES:
        return  # it ended by itself meanwhile


def _log_group(where: Where, made: Made) -> Any:
    return logs_backends[where.account][where.region].groups.get(made.physical_id)


def _update_log_group(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    retention = properties.get("RetentionInDays")
    backend = logs_backends[where.account][where.region]
    backend.put_retention_policy(made.physical_id, retention)
    return made


def _read_log_group(group: Any, properties: Properties) -> Properties:
    return dict(properties) | {"RetentionInDays": group.retention_in_days}


def _table(where: Where, made: Made) -> Any:
    return dynamodb_backends[where.account][where.region].tables.get(made.physical_id)


def _with_upkeep(create: Callable[[Where, Properties], Made]) -> Any:
    """A table that also forgets and can be restored, where the template says so."""

    def create_table(where: Where, properties: Properties) -> Made:
        made = create(where, properties)
        _keep_up(where, made, properties)
        return made

    return create_table


def _keep_up(where: Where, made: Made, properties: Properties) -> None:
    backend = dynamodb_backends[where.account][where.region]
    if ttl := properties.get("TimeToLiveSpecification"):
        backend.update_time_to_live(made.physical_id, dict(ttl))
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        backend.update_continuous_backups(made.physical_id, dict(recovery))


def _update_table(where: Where, made: Made, _: Properties, properties: Properties) -> Made:
    table = dynamodb_backends[where.account][where.region].get_table(made.physical_id)
    table.billing_mode = properties.get("BillingMode", "PROVISIONED")
    table.deletion_protection_enabled = properties.get("DeletionProtectionEnabled", False)
    _keep_up(where, made, properties)
    return replace(made, model=table)


def _read_table(table: Any, properties: Properties) -> Properties:
    recovery = table.continuous_backups["PointInTimeRecoveryDescription"]
    actual = {
        "BillingMode": table.billing_mode,
        "DeletionProtectionEnabled": table.deletion_protection_enabled,
        "TimeToLiveSpecification": {
            "AttributeName": table.ttl.get("AttributeName"),
            "Enabled": table.ttl["TimeToLiveStatus"] == "ENABLED",
        },
        "PointInTimeRecoverySpecification": {
            "PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED"
        },
    }
    return dict(properties) | actual


def _bucket(where: Where, made: Made) -> Any:
    return s3_backends[where.account]["aws"].buckets.get(made.physical_id)


def _delete_bucket(where: Where, made: Made, _: Properties) -> None:
    if _bucket(where, made) is None:
        return
    if s3_backends[where.account]["aws"].delete_bucket(made.physical_id) is None:
        raise ValueError("The bucket you tried to delete is not empty")


def _as_stated(_: Any, properties: Properties) -> Properties:
    return properties


def _table_type() -> ResourceType:
    made = _known(
        "AWS::DynamoDB::Table",
        _table,
        _read_table,
        update=_update_table,
        create_only=frozenset({"KeySchema", "LocalSecondaryIndexes"}),
    )
    return replace(made, create=_with_upkeep(made.create))


def known_types() -> tuple[ResourceType, ...]:
    """The types of moto's that local AWS vouches for."""
    return (
        replace(
            _known("AWS::StepFunctions::StateMachine", _machine, _read_machine),
            delete=_delete_machine,
            name_property="StateMachineName",
            name_limit=80,
            create_only=frozenset({"StateMachineType"}),
        ),
        _known("AWS::Logs::LogGroup", _log_group, _read_log_group, update=_update_log_group),
        _table_type(),
        replace(
            _known("AWS::S3::Bucket", _bucket, _as_stated, name_limit=63), delete=_delete_bucket
        ),
    )
