"""An organization with two units, and stack sets in it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.localaws.conftest import Aws, Eventually, HttpCall, new_account

REGIONS = ["eu-west-1", "us-east-1"]
ALL_AT_ONCE = {
    "RegionConcurrencyType": "PARALLEL",
    "MaxConcurrentPercentage": 100,
    "FailureTolerancePercentage": 100,
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
}
DONE = ("SUCCEEDED", "FAILED", "STOPPED")


def template(**queue: Any) -> str:
    """A template with one queue."""
    body = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "guarded"} | queue}
    return json.dumps({"Resources": {"Queue": body}})


class Estate:
    """The organization: unit `data` with a unit `science` below it, and unit `web`."""

    def __init__(self, aws: Aws, eventually: Eventually, http: HttpCall) -> None:
        self.aws: Aws = cache(aws)  # a boto3 client takes longer to make than to use
        self._eventually, self._http = eventually, http
        self.api = aws("cloudformation")
        self.organizations = aws("organizations", "us-east-1")
        self.organizations.create_organization(FeatureSet="ALL")
        self.root = self.organizations.list_roots()["Roots"][0]["Id"]
        self.data = self.unit("data", self.root)
        self.science = self.unit("science", self.data)
        self.web = self.unit("web", self.root)
        self.api.activate_organizations_access()

    def unit(self, name: str, parent: str) -> str:
        made = self.organizations.create_organizational_unit(ParentId=parent, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str, unit: str) -> str:
        """A new account in `unit`."""
        account = new_account(self.aws, name)
        self.move(account, unit)
        return account

    def move(self, account: str, unit: str) -> None:
        [parent] = self.organizations.list_parents(ChildId=account)["Parents"]
        self.organizations.move_account(
            AccountId=account, SourceParentId=parent["Id"], DestinationParentId=unit
        )

    def fails(self, account: str, reason: str | None = "denied by a policy") -> None:
        """Let stacks fail in `account`; with None no longer."""
        body = {"account": account, "reason": reason}
        self._http("POST", "/localaws/stacksets/faults", body)

    def create_set(self, **options: Any) -> None:
        asked = {
            "TemplateBody": template(),
            "PermissionModel": "SERVICE_MANAGED",
            "AutoDeployment": {"Enabled": False},
        }
        self.api.create_stack_set(StackSetName="guardian", **(asked | options))

    def start(self, action: str, *units: str, **options: Any) -> str:
        """Start an operation on the set and answer its id."""
        asked: dict[str, Any] = {"OperationPreferences": ALL_AT_ONCE}
        if units:
            asked["DeploymentTargets"] = {"OrganizationalUnitIds": list(units)}
            asked["Regions"] = REGIONS
        if action == "delete_stack_instances":
            asked["RetainStacks"] = False
        answer = getattr(self.api, action)(StackSetName="guardian", **(asked | options))
        return str(answer["OperationId"])

    def run(self, action: str, *units: str, **options: Any) -> str:
        """Start an operation and wait; answers how it ended."""
        return self.finish(self.start(action, *units, **options))

    def finish(self, operation: str) -> str:
        return str(self._eventually(lambda: self.ended(operation), within=30))

    def ended(self, operation: str) -> str | None:
        status = self.status(operation)
        return status if status in DONE else None

    def status(self, operation: str) -> str:
        described = self.api.describe_stack_set_operation(
            StackSetName="guardian", OperationId=operation
        )
        return str(described["StackSetOperation"]["Status"])

    def settled(self, places: set[tuple[str, str]]) -> bool:
        """Whether exactly these instances are there and no operation runs."""
        operations = self.api.list_stack_set_operations(StackSetName="guardian")["Summaries"]
        return set(self.instances()) == places and all(o["Status"] in DONE for o in operations)

    def instances(self, **options: Any) -> Mapping[tuple[str, str], Any]:
        """The instances by account and region."""
        rows = self.api.list_stack_instances(StackSetName="guardian", **options)["Summaries"]
        return {(row["Account"], row["Region"]): row for row in rows}

    def statuses(self) -> dict[str, tuple[str, str]]:
        """Account to status and detailed status, of the first region."""
        return {
            account: (row["Status"], row["StackInstanceStatus"]["DetailedStatus"])
            for (account, region), row in self.instances().items()
            if region == REGIONS[0]
        }

    def results(self, operation: str) -> dict[tuple[str, str], str]:
        rows = self.api.list_stack_set_operation_results(
            StackSetName="guardian", OperationId=operation
        )["Summaries"]
        return {(row["Account"], row["Region"]): row["Status"] for row in rows}

    def attribute(self, account: str, name: str, region: str = REGIONS[0]) -> str | None:
        """An attribute of the queue in `account`; None when there is no queue."""
        sqs = self.aws("sqs", region, account)
        urls = sqs.list_queues().get("QueueUrls", [])
        if not urls:
            return None
        found = sqs.get_queue_attributes(QueueUrl=urls[0], AttributeNames=[name])
        return str(found["Attributes"][name])


@pytest.fixture
def estate(aws: Aws, eventually: Eventually, http: HttpCall) -> Estate:
    return Estate(aws, eventually, http)


def everywhere(*accounts: str) -> set[tuple[str, str]]:
    return {(account, region) for account in accounts for region in REGIONS}
