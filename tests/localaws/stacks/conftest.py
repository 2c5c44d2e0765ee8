"""Stacks made of Python dictionaries."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.localaws.conftest import Aws

Template = Mapping[str, Any]

BROKEN_RULE = {
    "Type": "AWS::Events::Rule",
    "Properties": {"Name": "broken", "ScheduleExpression": "now and then"},
    "DependsOn": "Queue",
}


class Stacks:
    """CloudFormation, with templates as dictionaries and calls that wait."""

    def __init__(self, cloudformation: Any) -> None:
        self.api = cloudformation

    def create(self, name: str, template: Template, **options: Any) -> dict[str, Any]:
        """Create the stack `name` and describe it as it ended."""
        options.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        self.api.create_stack(StackName=name, TemplateBody=json.dumps(template), **options)
        return self.describe(name)

    def update(self, name: str, template: Template, **options: Any) -> dict[str, Any]:
        options.setdefault("Capabilities", ["CAPABILITY_NAMED_IAM"])
        self.api.update_stack(StackName=name, TemplateBody=json.dumps(template), **options)
        return self.describe(name)

    def describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.api.describe_stacks(StackName=name)["Stacks"][0]
        return described

    def outputs(self, name: str) -> dict[str, str]:
        outputs = self.describe(name).get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def resources(self, name: str) -> dict[str, str]:
        rows = self.api.list_stack_resources(StackName=name)["StackResourceSummaries"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def events(self, name: str) -> list[tuple[str, str]]:
        """Oldest first: what happened to what."""
        events = self.api.describe_stack_events(StackName=name)["StackEvents"]
        return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]


@pytest.fixture
def stacks(aws: Aws) -> Stacks:
    return Stacks(aws("cloudformation"))


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def resources(**named: Mapping[str, Any]) -> dict[str, Any]:
    return {"Resources": named}


def queues(aws: Aws) -> list[str]:
    urls = aws("sqs").list_queues().get("QueueUrls", [])
    return sorted(url.split("/")[-1] for url in urls)
