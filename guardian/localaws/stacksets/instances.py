"""The actions on stack instances."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from guardian.localaws.stacksets import definitions
from guardian.localaws.stacksets.descriptions import described_instance
from guardian.localaws.stacksets.errors import ValidationError
from guardian.localaws.stacksets.model import Place, StackInstance, StackSet, Target
from guardian.localaws.stacksets.operations import Job
from guardian.localaws.stacksets.places import deploy, remove
from guardian.localaws.stacksets.registry import Call
from guardian.localaws.stacksets.service import Answer, Service, administrator, page
from guardian.localaws.stacksets.targets import members, places

FILTERS = {
    "DETAILED_STATUS": lambda instance: instance.detailed_status,
    "LAST_OPERATION_ID": lambda instance: instance.operation_id,
    "DRIFT_STATUS": lambda instance: instance.drift_status,
}


def create_stack_instances(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    if _filter(call) == "UNION":
        raise ValidationError("AccountFilterType UNION is not supported for CreateStackInstances")
    targets = _targets(stack_set, call)

    def begin() -> None:
        add_instances(stack_set, targets)
        for unit in (call["DeploymentTargets"] or {}).get("OrganizationalUnitIds") or ():
            stack_set.unit_regions.setdefault(unit, set()).update(call["Regions"])

    operation = service.new_operation(call, "CREATE", targets)
    operation.overrides = definitions.overrides(call)
    return service.submit(stack_set, Job(operation, begin, service.faulty(deploy)))


def add_instances(stack_set: StackSet, targets: list[Target]) -> None:
    """Note the places as instances to come; those that exist are to be deployed again."""
    for target in targets:
        instance = stack_set.instances.setdefault(target.place, StackInstance(target))
        instance.detailed_status = "PENDING"


def update_stack_instances(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    targets = [
        stack_set.instance(t.place).target for t in _targets(stack_set, call, existing=True)
    ]

    def begin() -> None:
        for target in targets:
            stack_set.instance(target.place).detailed_status = "PENDING"

    operation = service.new_operation(call, "UPDATE", targets)
    operation.overrides = definitions.overrides(call)
    return service.submit(stack_set, Job(operation, begin, service.faulty(deploy)))


def delete_stack_instances(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    if call["RetainStacks"] is None:
        raise ValidationError("RetainStacks must be specified")
    targets = _targets(stack_set, call, existing=True)

    def begin() -> None:
        for target in targets:
            stack_set.instance(target.place).detailed_status = "PENDING"
        if _filter(call) == "NONE":
            _forget_units(stack_set, call)

    operation = service.new_operation(call, "DELETE", targets)
    work = remove if operation.retain_stacks else service.faulty(remove)
    return service.submit(stack_set, Job(operation, begin, work))


def _filter(call: Call) -> str:
    return str((call["DeploymentTargets"] or {}).get("AccountFilterType", "NONE"))


def _targets(stack_set: StackSet, call: Call, *, existing: bool = False) -> list[Target]:
    accounts = dict(members(stack_set, call, administrator(stack_set, call)))
    if existing and stack_set.service_managed:
        accounts |= _left_behind(stack_set, call["DeploymentTargets"])
    targets = places(accounts, call["Regions"] or [])
    if not existing:
        return [_kept(stack_set, target) for target in targets]
    if not stack_set.service_managed:
        for target in targets:
            stack_set.instance(target.place)
    return [target for target in targets if target.place in stack_set.instances]


def _left_behind(stack_set: StackSet, asked: Mapping[str, Any]) -> dict[str, str | None]:
    """Accounts that were reached through a targeted unit and have since moved out of it."""
    if asked.get("AccountFilterType", "NONE") != "NONE":
        listed = asked.get("Accounts") or []
        wanted = asked["AccountFilterType"] != "DIFFERENCE"
    else:
        listed, wanted = [], False
    units = asked.get("OrganizationalUnitIds") or []
    return {
        i.target.account: i.target.unit
        for i in stack_set.instances.values()
        if i.target.unit in units and (i.target.account in listed) is wanted
    }


def _kept(stack_set: StackSet, target: Target) -> Target:
    known = stack_set.instances.get(target.place)
    return target if known is None else replace(target, unit=known.target.unit)


def _forget_units(stack_set: StackSet, call: Call) -> None:
    for unit in (call["DeploymentTargets"] or {}).get("OrganizationalUnitIds") or ():
        left = stack_set.unit_regions.get(unit, set()) - set(call["Regions"])
        stack_set.unit_regions.pop(unit, None)
        if left:
            stack_set.unit_regions[unit] = left


def describe_stack_instance(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    place = Place(call["StackInstanceAccount"], call["StackInstanceRegion"])
    return {"StackInstance": described_instance(stack_set, stack_set.instance(place), full=True)}


def list_stack_instances(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    with service.operations.lock:
        rows = [
            described_instance(stack_set, instance)
            for _, instance in sorted(stack_set.instances.items())
            if _wanted(instance, call)
        ]
    return page(call, "Summaries", rows)


def _wanted(instance: StackInstance, call: Call) -> bool:
    if call["StackInstanceAccount"] not in (None, instance.target.account):
        return False
    if call["StackInstanceRegion"] not in (None, instance.target.region):
        return False
    return all(
        FILTERS[asked["Name"]](instance) in asked["Values"].split(",")
        for asked in call["Filters"] or ()
    )


ACTIONS = (
    create_stack_instances,
    update_stack_instances,
    delete_stack_instances,
    describe_stack_instance,
    list_stack_instances,
)
