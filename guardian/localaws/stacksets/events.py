"""The EventBridge events of stack sets, in the account and region of the set."""

from guardian.localaws.bus import BusAddress, EventBus
from guardian.localaws.stacksets.model import Operation, StackInstance, StackSet

SOURCE = "aws.cloudformation"


def operation_changed(bus: EventBus, stack_set: StackSet, operation: Operation) -> None:
    bus.emit(
        BusAddress(stack_set.account, stack_set.region),
        SOURCE,
        "CloudFormation StackSet Operation Status Change",
        {
            "stack-set-arn": stack_set.arn,
            "stack-set-operation-id": operation.id,
            "action": operation.action,
            "status-details": {"status": operation.status},
        },
    )


def instance_changed(
    bus: EventBus, stack_set: StackSet, action: str, instance: StackInstance
) -> None:
    bus.emit(
        BusAddress(stack_set.account, stack_set.region),
        SOURCE,
        "CloudFormation StackSet StackInstance Status Change",
        {
            "stack-set-arn": stack_set.arn,
            "stack-id": instance.stack_id or "",
            "action": action,
            "status-details": {
                "status": instance.status,
                "status-reason": instance.reason,
                "detailed-status": instance.detailed_status,
            },
        },
    )


def stack_set_changed(bus: EventBus, stack_set: StackSet, status: str) -> None:
    bus.emit(
        BusAddress(stack_set.account, stack_set.region),
        SOURCE,
        "CloudFormation StackSet Status Change",
        {"stack-set-arn": stack_set.arn, "status-details": {"status": status}},
    )
