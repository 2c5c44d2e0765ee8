"""Stack sets, instances and operations in the words of the API."""

from typing import Any

from guardian.localaws.stacksets.model import (
    BUSY,
    Operation,
    Result,
    StackInstance,
    StackSet,
)

DETECTION_STATUS = {
    "SUCCEEDED": "COMPLETED",
    "FAILED": "FAILED",
    "STOPPED": "STOPPED",
}


def described_set(stack_set: StackSet) -> dict[str, Any]:
    """The `StackSet` of DescribeStackSet."""
    described = {
        **_common(stack_set),
        "TemplateBody": stack_set.template,
        "Parameters": _parameters(stack_set.parameters),
        "Capabilities": list(stack_set.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in stack_set.tags.items()],
        "StackSetARN": stack_set.arn,
        "StackSetDriftDetectionDetails": drift_details(stack_set),
        "Regions": stack_set.regions,
    }
    if stack_set.service_managed:
        described["OrganizationalUnitIds"] = list(stack_set.unit_regions)
    else:
        described |= _roles(stack_set)
    return described


def summary_of_set(stack_set: StackSet) -> dict[str, Any]:
    """One of the `Summaries` of ListStackSets."""
    details = drift_details(stack_set)
    return {
        **_common(stack_set),
        "DriftStatus": details["DriftStatus"],
        "LastDriftCheckTimestamp": details.get("LastDriftCheckTimestamp"),
    }


def _common(stack_set: StackSet) -> dict[str, Any]:
    common: dict[str, Any] = {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description,
        "Status": stack_set.status,
        "PermissionModel": stack_set.permission_model,
        "ManagedExecution": {"Active": stack_set.managed_execution},
    }
    if stack_set.service_managed:
        automatic = stack_set.auto_deployment
        common["AutoDeployment"] = {"Enabled": automatic.enabled}
        if automatic.enabled:
            common["AutoDeployment"] |= {
                "RetainStacksOnAccountRemoval": automatic.retain_stacks,
                "DependsOn": list(automatic.depends_on),
            }
    return common


def drift_details(stack_set: StackSet) -> dict[str, Any]:
    """How the last drift detection went, counted over the instances there are."""
    detections = [o for o in stack_set.operations if o.action == "DETECT_DRIFT"]
    if not detections:
        return {"DriftStatus": "NOT_CHECKED", "TotalStackInstancesCount": len(stack_set.instances)}
    return _counts(stack_set, detections[-1])


def _counts(stack_set: StackSet, detection: Operation) -> dict[str, Any]:
    found = [instance.drift_status for instance in stack_set.instances.values()]
    results = [result.status for result in detection.results.values()]
    status = DETECTION_STATUS.get(detection.status, "IN_PROGRESS")
    if status == "COMPLETED" and "FAILED" in results:
        status = "PARTIAL_SUCCESS"
    return {
        "DriftStatus": "DRIFTED" if "DRIFTED" in found else "IN_SYNC",
        "DriftDetectionStatus": status,
        "LastDriftCheckTimestamp": detection.ended_at or detection.created_at,
        "TotalStackInstancesCount": len(found),
        "DriftedStackInstancesCount": found.count("DRIFTED"),
        "InSyncStackInstancesCount": found.count("IN_SYNC"),
        "InProgressStackInstancesCount": results.count("PENDING") + results.count("RUNNING"),
        "FailedStackInstancesCount": results.count("FAILED"),
    }


def described_instance(
    stack_set: StackSet, instance: StackInstance, *, full: bool = False
) -> dict[str, Any]:
    """A stack instance; `full` with its parameter overrides, which lists leave out."""
    described: dict[str, Any] = {
        "StackSetId": stack_set.id,
        "Region": instance.target.region,
        "Account": instance.target.account,
        "StackId": instance.stack_id,
        "Status": instance.status,
        "StatusReason": instance.reason or None,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
        "OrganizationalUnitId": instance.target.unit or "",
        "DriftStatus": instance.drift_status,
        "LastDriftCheckTimestamp": instance.drift_checked_at,
        "LastOperationId": instance.operation_id,
    }
    if full:
        described["ParameterOverrides"] = _parameters(instance.overrides)
    return described


def summary_of_operation(operation: Operation) -> dict[str, Any]:
    """One of the `Summaries` of ListStackSetOperations."""
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "CreationTimestamp": operation.created_at,
        "EndTimestamp": operation.ended_at,
        "StatusReason": operation.reason or None,
        "StatusDetails": {"FailedStackInstancesCount": operation.failures},
        "OperationPreferences": {"RegionOrder": [], **operation.preferences.asked},
    }


def described_operation(stack_set: StackSet, operation: Operation) -> dict[str, Any]:
    """The `StackSetOperation` of DescribeStackSetOperation."""
    described = summary_of_operation(operation) | {"StackSetId": stack_set.id}
    if operation.action == "DELETE":
        described["RetainStacks"] = operation.retain_stacks
    if stack_set.service_managed:
        described["DeploymentTargets"] = operation.deployment_targets
    else:
        described |= _roles(stack_set)
    if operation.action == "DETECT_DRIFT" and operation.status not in BUSY:
        described["StackSetDriftDetectionDetails"] = _counts(stack_set, operation)
    return described


def described_result(result: Result) -> dict[str, Any]:
    """One of the `Summaries` of ListStackSetOperationResults."""
    return {
        "Account": result.target.account,
        "Region": result.target.region,
        "Status": result.status,
        "StatusReason": result.reason or None,
        "AccountGateResult": {
            "Status": "SKIPPED",
            "StatusReason": "Function not found: AWSCloudFormationStackSetAccountGate",
        },
        "OrganizationalUnitId": result.target.unit or "",
    }


def _roles(stack_set: StackSet) -> dict[str, str]:
    administration = f"arn:aws:iam::{stack_set.account}:role/{ADMINISTRATION_ROLE}"
    return {
        "AdministrationRoleARN": stack_set.administration_role or administration,
        "ExecutionRoleName": stack_set.execution_role or EXECUTION_ROLE,
    }


def _parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
