"""Who may use stack sets: trusted access, delegated administrators, members; and their events."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws, Eventually
from tests.localaws.stacksets.conftest import Estate, everywhere, template

PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
SET = {
    "StackSetName": "guardian",
    "PermissionModel": "SERVICE_MANAGED",
    "AutoDeployment": {"Enabled": False},
    "TemplateBody": template(),
}


def test_service_managed_sets_need_trusted_access(estate: Estate) -> None:
    estate.api.deactivate_organizations_access()
    assert estate.api.describe_organizations_access()["Status"] == "DISABLED"
    with pytest.raises(ClientError, match="You must enable organizations access to operate"):
        estate.create_set()

    estate.api.activate_organizations_access()

    assert estate.api.describe_organizations_access()["Status"] == "ENABLED"
    enabled = estate.organizations.list_aws_service_access_for_organization()
    principals = [p["ServicePrincipal"] for p in enabled["EnabledServicePrincipals"]]
    assert PRINCIPAL in principals
    estate.create_set()


def test_a_member_can_neither_switch_access_nor_see_the_sets(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    there = estate.aws("cloudformation", account=account)

    with pytest.raises(ClientError, match="InvalidOperation"):
        there.activate_organizations_access()
    with pytest.raises(ClientError, match="delegated admin"):
        there.create_stack_set(**SET)
    with pytest.raises(ClientError, match="Account used is not a delegated administrator"):
        there.list_stack_sets(CallAs="DELEGATED_ADMIN")
    assert there.list_stack_sets()["Summaries"] == []


def test_a_delegated_administrator_works_on_the_sets_of_the_management_account(
    estate: Estate,
) -> None:
    hub, account = estate.account("hub", estate.web), estate.account("a", estate.data)
    estate.organizations.register_delegated_administrator(
        AccountId=hub, ServicePrincipal=PRINCIPAL
    )
    there = estate.aws("cloudformation", account=hub)
    there.create_stack_set(**SET, CallAs="DELEGATED_ADMIN")

    operation = there.create_stack_instances(
        StackSetName="guardian",
        DeploymentTargets={"OrganizationalUnitIds": [estate.data]},
        Regions=["eu-west-1"],
        CallAs="DELEGATED_ADMIN",
    )["OperationId"]

    assert estate.finish(operation) == "SUCCEEDED"
    assert set(estate.instances()) == {(account, "eu-west-1")}
    assert there.list_stack_sets()["Summaries"] == []
    described = there.describe_stack_set(StackSetName="guardian", CallAs="DELEGATED_ADMIN")
    assert ":123456789012:stackset/" in described["StackSet"]["StackSetARN"]


def test_operations_and_instances_tell_the_event_bus(
    aws: Aws, estate: Estate, eventually: Eventually
) -> None:
    account = estate.account("a", estate.data)
    queues, events = aws("sqs"), aws("events")
    url = queues.create_queue(QueueName="heard")["QueueUrl"]
    pattern = {"source": ["aws.cloudformation"], "detail": {"stack-set-arn": [{"exists": True}]}}
    events.put_rule(Name="all", EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:eu-west-1:123456789012:heard"
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    estate.create_set()
    operation = estate.start("create_stack_instances", estate.data)
    estate.finish(operation)

    heard: list[tuple[str, str]] = []

    def listen() -> bool:
        for message in queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            event = json.loads(message["Body"])
            heard.append(
                (event["detail-type"].split()[2], event["detail"]["status-details"]["status"])
            )
        return ("Operation", "SUCCEEDED") in heard

    eventually(listen)
    assert heard.count(("StackInstance", "CURRENT")) == 2
    assert ("Operation", "RUNNING") in heard
    assert set(estate.instances()) == everywhere(account)
