"""The actions on stack sets as a whole."""

from collections.abc import Sequence
from uuid import uuid4

from guardian.localaws.stacksets import definitions, events
from guardian.localaws.stacksets.descriptions import described_set, summary_of_set
from guardian.localaws.stacksets.errors import (
    InvalidOperation,
    NameAlreadyExists,
    OperationInProgress,
    StackSetNotEmpty,
    ValidationError,
)
from guardian.localaws.stacksets.model import StackSet, Target
from guardian.localaws.stacksets.operations import Job
from guardian.localaws.stacksets.places import deploy
from guardian.localaws.stacksets.registry import Call, administered_organization, home_of
from guardian.localaws.stacksets.service import Answer, Service, administrator, page
from guardian.localaws.stacksets.targets import members, places


def create_stack_set(service: Service, call: Call) -> Answer:
    name = definitions.checked_name(call["StackSetName"])
    service_managed = call["PermissionModel"] == "SERVICE_MANAGED"
    if service_managed:
        administered_organization(call)
    elif call["AutoDeployment"]:
        raise ValidationError(
            "AutoDeployment can only be specified with the SERVICE_MANAGED permission model"
        )
    text = definitions.template_text(call)
    definitions.check_template(text, call, service_managed=service_managed)
    with service.operations.lock:
        for known in service.registry.visible(call):
            if known.name == name and known.status == "ACTIVE":
                if known.token is not None and known.token == call["ClientRequestToken"]:
                    return {"StackSetId": known.id}
                raise NameAlreadyExists(f"StackSet {name} already exists")
        stack_set = _new_stack_set(call, name, text)
        service.registry.sets.append(stack_set)
    events.stack_set_changed(service.world.bus, stack_set, "CREATE_COMPLETE")
    return {"StackSetId": stack_set.id}


def _new_stack_set(call: Call, name: str, template: str) -> StackSet:
    home = home_of(call)
    identity = f"{name}:{uuid4()}"
    return StackSet(
        id=identity,
        arn=f"arn:aws:cloudformation:{call.region}:{home}:stackset/{identity}",
        name=name,
        account=home,
        region=call.region,
        template=template,
        permission_model=call["PermissionModel"] or "SELF_MANAGED",
        token=call["ClientRequestToken"],
        description=call["Description"],
        parameters=definitions.parameters(call),
        tags=definitions.tags(call),
        capabilities=call["Capabilities"] or (),
        administration_role=call["AdministrationRoleARN"],
        execution_role=call["ExecutionRoleName"],
        auto_deployment=definitions.auto_deployment(call),
        managed_execution=bool((call["ManagedExecution"] or {}).get("Active")),
    )


def update_stack_set(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    text = definitions.template_text(call, stack_set.template)
    definitions.check_template(text, call, service_managed=stack_set.service_managed)
    _check_managed_execution(stack_set, call)
    parameters = definitions.parameters(call, stack_set.parameters)
    targeted = _targeted(stack_set, call)
    # As AWS documents it: to be given a template or parameters is enough, were they the same.
    changed = bool(call["TemplateBody"] or call["TemplateURL"] or call["Parameters"])
    targets = _every_target(stack_set) if targeted is None else targeted

    def begin() -> None:
        stack_set.template, stack_set.parameters = text, parameters
        _apply_settings(stack_set, call)
        if changed:
            for instance in stack_set.instances.values():
                instance.status = "OUTDATED" if instance.status == "CURRENT" else instance.status
        for target in targets:
            stack_set.instance(target.place).detailed_status = "PENDING"

    operation = service.new_operation(call, "UPDATE", targets)
    return service.submit(stack_set, Job(operation, begin, service.faulty(deploy)))


def _check_managed_execution(stack_set: StackSet, call: Call) -> None:
    active = (call["ManagedExecution"] or {}).get("Active", stack_set.managed_execution)
    if stack_set.busy and active != stack_set.managed_execution:
        raise InvalidOperation(
            "ManagedExecution cannot be changed while operations are running or queued"
        )


def _targeted(stack_set: StackSet, call: Call) -> Sequence[Target] | None:
    """The instances a call names; None when it names none, which means all. Raises errors."""
    if not (call["Accounts"] or call["DeploymentTargets"] or call["Regions"]):
        return None
    if call["AutoDeployment"]:
        raise InvalidOperation(
            "AutoDeployment cannot be updated together with DeploymentTargets or Regions"
        )
    accounts = members(stack_set, call, administrator(stack_set, call))
    targets = places(accounts, call["Regions"] or [])
    if stack_set.service_managed:
        return [target for target in targets if target.place in stack_set.instances]
    return [stack_set.instance(target.place).target for target in targets]


def _every_target(stack_set: StackSet) -> list[Target]:
    return [i.target for i in stack_set.instances.values() if i.status != "INOPERABLE"]


def _apply_settings(stack_set: StackSet, call: Call) -> None:
    stack_set.description = call["Description"] or stack_set.description
    stack_set.tags = definitions.tags(call) or stack_set.tags
    stack_set.capabilities = call["Capabilities"] or stack_set.capabilities
    stack_set.administration_role = call["AdministrationRoleARN"] or stack_set.administration_role
    stack_set.execution_role = call["ExecutionRoleName"] or stack_set.execution_role
    if call["AutoDeployment"] is not None:
        stack_set.auto_deployment = definitions.auto_deployment(call)
    if call["ManagedExecution"] is not None:
        stack_set.managed_execution = bool(call["ManagedExecution"].get("Active"))


def delete_stack_set(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    with service.operations.lock:
        if stack_set.busy:
            raise OperationInProgress(stack_set.name)
        if stack_set.instances:
            raise StackSetNotEmpty
        stack_set.status = "DELETED"
    events.stack_set_changed(service.world.bus, stack_set, "DELETE_COMPLETE")
    return {}


def describe_stack_set(service: Service, call: Call) -> Answer:
    return {"StackSet": described_set(service.registry.find(call))}


def list_stack_sets(service: Service, call: Call) -> Answer:
    status = call["Status"]
    rows = [
        summary_of_set(stack_set)
        for stack_set in service.registry.visible(call)
        if status in (None, stack_set.status)
    ]
    return page(call, "Summaries", rows)


ACTIONS = (
    create_stack_set,
    update_stack_set,
    delete_stack_set,
    describe_stack_set,
    list_stack_sets,
)
