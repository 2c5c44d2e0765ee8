"""Drift detection of single stacks; that of stack sets is with the stack sets."""

from typing import Any
from uuid import uuid4

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from guardian.localaws.cloudformation.drift import drifts_of_stack, overall_status
from guardian.localaws.cloudformation.stack import Stack
from guardian.localaws.world import World

Detections = dict[str, dict[str, Any]]


def install(world: World) -> None:
    """Answer DetectStackDrift and what asks for its results; detection is over at once."""
    detections: Detections = {}
    world.on_reset(detections.clear)

    def detect_stack_drift(response: Any) -> Any:
        return ActionResult(_detect(world, detections, _stack(response)))

    def describe_stack_drift_detection_status(response: Any) -> Any:
        identity = response._get_param("StackDriftDetectionId")
        if identity not in detections:
            raise ValidationError(message=f"Drift detection {identity} does not exist")
        return ActionResult(detections[identity])

    handlers = (
        detect_stack_drift,
        describe_stack_drift_detection_status,
        _describe_stack_resource_drifts,
    )
    for handler in handlers:
        setattr(CloudFormationResponse, handler.__name__.lstrip("_"), handler)
    CloudFormationResponse.detect_stack_resource_drift = _detector_of_one(world)


def _detector_of_one(world: World) -> Any:
    """DetectStackResourceDrift, which answers at once on AWS too."""

    def detect_stack_resource_drift(response: Any) -> Any:
        stack, wanted = _stack(response), response._get_param("LogicalResourceId")
        for drift in drifts_of_stack(stack, world.clock.now()):
            if drift["LogicalResourceId"] == wanted:
                return ActionResult({"StackResourceDrift": drift})
        raise ValidationError(message=f"Resource {wanted} does not exist for {stack.name}")

    return detect_stack_resource_drift


def _stack(response: Any) -> Stack:
    stack: Stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    return stack


def _detect(world: World, detections: Detections, stack: Stack) -> dict[str, str]:
    now, identity = world.clock.now(), str(uuid4())
    stack.drifts = drifts_of_stack(stack, now)
    status = overall_status(stack.drifts)
    stack.drift_information = {"StackDriftStatus": status, "LastCheckTimestamp": now}
    drifted = [d for d in stack.drifts if d["StackResourceDriftStatus"] != "IN_SYNC"]
    detections[identity] = {
        "StackId": stack.stack_id,
        "StackDriftDetectionId": identity,
        "StackDriftStatus": status,
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": len(drifted),
        "Timestamp": now,
    }
    return {"StackDriftDetectionId": identity}


def _describe_stack_resource_drifts(response: Any) -> Any:
    wanted = response._get_param("StackResourceDriftStatusFilters", [])
    drifts = [
        d for d in _stack(response).drifts if not wanted or d["StackResourceDriftStatus"] in wanted
    ]
    start = int(response._get_param("NextToken") or 0)
    end = start + int(response._get_param("MaxResults") or 100)
    answer: dict[str, Any] = {"StackResourceDrifts": drifts[start:end]}
    if end < len(drifts):
        answer["NextToken"] = str(end)
    return ActionResult(answer)
