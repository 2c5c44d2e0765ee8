"""CloudFormation's own drift detection, of whole stack sets."""

import uuid
from collections.abc import Iterator, Mapping

from guardian.aws.clients import Answer, Clients
from guardian.aws.operations import Operation, Operations, Wait
from guardian.aws.options import AwsOptions
from guardian.ids import AccountId, Region, Target

DETECT = "DETECT_DRIFT"
DIFFERENT = ["MODIFIED", "DELETED"]
SPELT_OUT = 50
"""Of so many drifted instances of a stack set the resources are read, a call for each; the others are only named."""


class AwsDriftDetection:
    """Detects the drift of stack sets in the hub's account, one after the other."""

    def __init__(self, clients: Clients, options: AwsOptions, wait: Wait) -> None:
        self._clients = clients
        self._options = options
        self._operations = Operations(clients, options, wait)

    def detect(self, name: str) -> Mapping[Target, str]:
        """What CloudFormation finds different from the stack set's template, or could not look at, by target.

        Takes minutes, during which the stack set takes no other operation. Raises Busy when one is running, or when
        this one still is at the end of patience.
        """
        purpose = f"detect-{uuid.uuid4().hex[:12]}"
        failed = self._operations.run(
            Operation("DetectStackSetDrift", name, {}, purpose=purpose), lambda _: None
        )
        found = {target: f"it could not be looked at: {why}" for target, why in failed.items()}
        drifted = sorted(self._drifted(name))
        operation = self._operation(name, purpose)
        for number, target in enumerate(drifted):
            spelt = operation and number < SPELT_OUT
            found[target] = ", ".join(self._resources(name, target, operation)) if spelt else ""
        return found

    def _drifted(self, name: str) -> Iterator[Target]:
        wanted = [{"Name": "DRIFT_STATUS", "Values": "DRIFTED"}]
        for found in self._items(
            "ListStackInstances", StackSetName=name, Filters=wanted, MaxResults=100
        ):
            yield Target(AccountId(found["Account"]), Region(found["Region"]))

    def _operation(self, name: str, purpose: str) -> str:
        """The id of the detection that was begun for this purpose; empty where AWS lists it not yet."""
        listed = self._call("ListStackSetOperations", StackSetName=name, MaxResults=100)
        ids = (each["OperationId"] for each in listed["Summaries"])
        return next((str(each) for each in ids if each.startswith(purpose)), "")

    def _resources(self, name: str, target: Target, operation: str) -> Iterator[str]:
        for found in self._items(
            "ListStackInstanceResourceDrifts",
            StackSetName=name,
            StackInstanceAccount=target.account,
            StackInstanceRegion=target.region,
            StackInstanceResourceDriftStatuses=DIFFERENT,
            OperationId=operation,
            MaxResults=100,
        ):
            paths = [each["PropertyPath"] for each in found.get("PropertyDifferences", ())]
            status = str(found["StackResourceDriftStatus"]).lower()
            where = f" {', '.join(sorted(set(paths)))}" if paths else ""
            yield f"{found['ResourceType']} {found['PhysicalResourceId']} {status}{where}"

    def _items(self, action: str, **arguments: object) -> Iterator[Answer]:
        hub, call_as = self._clients.hub, self._options.call_as
        for page in self._clients.pages(
            hub, "cloudformation", action, CallAs=call_as, **arguments
        ):
            yield from page["Summaries"]

    def _call(self, action: str, **arguments: object) -> Answer:
        hub, call_as = self._clients.hub, self._options.call_as
        return self._clients.call(hub, "cloudformation", action, CallAs=call_as, **arguments)
