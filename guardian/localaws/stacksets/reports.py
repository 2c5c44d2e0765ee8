"""The actions that report on operations and stop them, and drift detection."""

from guardian.localaws.stacksets.descriptions import (
    described_operation,
    described_result,
    summary_of_operation,
)
from guardian.localaws.stacksets.errors import InvalidOperation, OperationNotFound
from guardian.localaws.stacksets.model import BUSY, Operation, Place, StackInstance, StackSet
from guardian.localaws.stacksets.operations import Job
from guardian.localaws.stacksets.places import detect_drift
from guardian.localaws.stacksets.registry import Call
from guardian.localaws.stacksets.service import Answer, Service, page

NOT_LISTED = ("ExpectedProperties", "ActualProperties")


def list_stack_set_operations(service: Service, call: Call) -> Answer:
    newest_first = reversed(service.registry.find(call).operations)
    return page(call, "Summaries", [summary_of_operation(o) for o in newest_first])


def describe_stack_set_operation(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    operation = stack_set.operation(call["OperationId"])
    return {"StackSetOperation": described_operation(stack_set, operation)}


def list_stack_set_operation_results(service: Service, call: Call) -> Answer:
    operation = service.registry.find(call).operation(call["OperationId"])
    wanted = [value for asked in call["Filters"] or () for value in asked["Values"].split(",")]
    with service.operations.lock:
        rows = [
            described_result(result)
            for _, result in sorted(operation.results.items())
            if not wanted or result.status in wanted
        ]
    return page(call, "Summaries", rows)


def stop_stack_set_operation(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    operation = stack_set.operation(call["OperationId"])
    if operation.status not in BUSY:
        raise InvalidOperation(f"Operation {operation.id} is in {operation.status} state")
    service.operations.stop(stack_set, operation)
    return {}


def detect_stack_set_drift(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    targets = [instance.target for instance in stack_set.instances.values()]
    operation = service.new_operation(call, "DETECT_DRIFT", targets)

    def look(_: StackSet, operation: Operation, instance: StackInstance) -> None:
        detect_drift(instance, operation, service.world.clock.now())

    return service.submit(stack_set, Job(operation, lambda: None, service.faulty(look)))


def list_stack_instance_resource_drifts(service: Service, call: Call) -> Answer:
    stack_set = service.registry.find(call)
    place = Place(call["StackInstanceAccount"], call["StackInstanceRegion"])
    operation = stack_set.operation(call["OperationId"])
    drifts = stack_set.instance(place).drifts.get(operation.id)
    if drifts is None:
        raise OperationNotFound(operation.id)
    wanted = call["StackInstanceResourceDriftStatuses"]
    rows = [
        {key: value for key, value in drift.items() if key not in NOT_LISTED}
        for drift in drifts
        if not wanted or drift["StackResourceDriftStatus"] in wanted
    ]
    return page(call, "Summaries", rows)


ACTIONS = (
    list_stack_set_operations,
    describe_stack_set_operation,
    list_stack_set_operation_results,
    stop_stack_set_operation,
    detect_stack_set_drift,
    list_stack_instance_resource_drifts,
)
