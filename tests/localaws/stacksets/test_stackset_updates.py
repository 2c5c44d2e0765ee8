"""Stack sets themselves, and what their updates and overrides reach."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws
from tests.localaws.stacksets.conftest import REGIONS, Estate, everywhere, template


def parameterized() -> str:
    body = json.loads(template(DelaySeconds={"Ref": "Delay"}))
    return json.dumps(body | {"Parameters": {"Delay": {"Type": "Number", "Default": "1"}}})


def test_an_update_reaches_every_instance(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)

    new = template(DelaySeconds=8)
    assert estate.run("update_stack_set", TemplateBody=new, Description="new") == "SUCCEEDED"

    assert estate.attribute(account, "DelaySeconds") == "8"
    described = estate.api.describe_stack_set(StackSetName="guardian")["StackSet"]
    assert (described["TemplateBody"], described["Description"]) == (new, "new")


def test_an_update_of_some_instances_makes_the_others_outdated(estate: Estate) -> None:
    chosen, other = estate.account("chosen", estate.data), estate.account("other", estate.web)
    estate.create_set()
    estate.run("create_stack_instances", estate.data, estate.web)

    new = template(DelaySeconds=8)
    estate.run("update_stack_set", estate.data, TemplateBody=new)

    assert estate.statuses() == {
        chosen: ("CURRENT", "SUCCEEDED"),
        other: ("OUTDATED", "SUCCEEDED"),
    }
    assert estate.attribute(other, "DelaySeconds") == "0"
    estate.run("update_stack_instances", estate.web)
    assert estate.attribute(other, "DelaySeconds") == "8"
    assert estate.statuses()[other] == ("CURRENT", "SUCCEEDED")


def test_an_update_without_a_change_outdates_nobody(estate: Estate) -> None:
    estate.account("a", estate.data)
    other = estate.account("b", estate.web)
    estate.create_set()
    estate.run("create_stack_instances", estate.data, estate.web)

    estate.run("update_stack_set", estate.data, UsePreviousTemplate=True)

    assert estate.statuses()[other] == ("CURRENT", "SUCCEEDED")


def test_an_update_that_gives_the_same_template_outdates_the_others_all_the_same(
    estate: Estate,
) -> None:
    estate.account("a", estate.data)
    other = estate.account("b", estate.web)
    estate.create_set()
    estate.run("create_stack_instances", estate.data, estate.web)

    estate.run("update_stack_set", estate.data, TemplateBody=template())

    assert estate.statuses()[other] == ("OUTDATED", "SUCCEEDED")


def test_the_rest_follows_with_the_template_that_the_set_has_already(estate: Estate) -> None:
    chosen, other = estate.account("chosen", estate.data), estate.account("other", estate.web)
    estate.create_set()
    estate.run("create_stack_instances", estate.data, estate.web)
    estate.run("update_stack_set", estate.data, TemplateBody=template(DelaySeconds=8))

    estate.run("update_stack_set", estate.web, UsePreviousTemplate=True)

    assert estate.statuses() == dict.fromkeys((chosen, other), ("CURRENT", "SUCCEEDED"))
    assert estate.attribute(other, "DelaySeconds") == "8"


def test_an_instance_that_is_made_between_two_updates_gets_the_new_template(
    estate: Estate,
) -> None:
    estate.account("chosen", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)
    late = estate.account("late", estate.web)
    estate.run("update_stack_set", estate.data, TemplateBody=template(DelaySeconds=8))

    estate.run("create_stack_instances", estate.web)

    assert estate.attribute(late, "DelaySeconds") == "8"


def test_an_instance_names_the_last_operation_on_it_and_no_later_one(estate: Estate) -> None:
    chosen, other = estate.account("chosen", estate.data), estate.account("other", estate.web)
    estate.create_set()
    made = estate.start("create_stack_instances", estate.data, estate.web)
    estate.finish(made)
    updated = estate.start("update_stack_set", estate.data, TemplateBody=template(DelaySeconds=8))
    estate.finish(updated)

    last = {account: row["LastOperationId"] for (account, _), row in estate.instances().items()}

    assert last == {chosen: updated, other: made}


def test_an_update_that_fails_leaves_the_old_stack_and_the_new_template(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)
    bad = json.loads(template(DelaySeconds=8))
    bad["Resources"]["Rule"] = {
        "Type": "AWS::Events::Rule",
        "Properties": {"ScheduleExpression": "now and then"},
        "DependsOn": "Queue",
    }

    estate.run("update_stack_set", TemplateBody=json.dumps(bad))

    assert estate.statuses() == {account: ("OUTDATED", "FAILED")}
    assert estate.attribute(account, "DelaySeconds") == "0"
    there = estate.aws("cloudformation", REGIONS[0], account)
    assert there.describe_stacks()["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert estate.run("update_stack_set", TemplateBody=template()) == "SUCCEEDED"
    assert estate.statuses() == {account: ("CURRENT", "SUCCEEDED")}


def test_overrides_belong_to_the_instance_and_survive_updates_of_the_set(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set(TemplateBody=parameterized())
    estate.run("create_stack_instances", estate.data)
    assert estate.attribute(account, "DelaySeconds") == "1"
    override = [{"ParameterKey": "Delay", "ParameterValue": "5"}]

    estate.run("update_stack_instances", estate.data, ParameterOverrides=override)
    assert estate.attribute(account, "DelaySeconds") == "5"
    given = [{"ParameterKey": "Delay", "ParameterValue": "2"}]
    estate.run("update_stack_set", UsePreviousTemplate=True, Parameters=given)

    assert estate.attribute(account, "DelaySeconds") == "5"
    instance = estate.api.describe_stack_instance(
        StackSetName="guardian", StackInstanceAccount=account, StackInstanceRegion=REGIONS[0]
    )["StackInstance"]
    assert instance["ParameterOverrides"] == override


def test_a_stack_that_somebody_deleted_is_made_again(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)
    there = estate.aws("cloudformation", REGIONS[0], account)
    there.delete_stack(StackName=estate.instances()[account, REGIONS[0]]["StackId"])

    estate.run("update_stack_set", UsePreviousTemplate=True)

    assert estate.attribute(account, "DelaySeconds") == "0"


def test_a_set_is_deleted_only_when_it_is_empty(estate: Estate) -> None:
    estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)

    with pytest.raises(ClientError) as refused:
        estate.api.delete_stack_set(StackSetName="guardian")
    assert refused.value.response["Error"]["Code"] == "StackSetNotEmptyException"

    estate.run("delete_stack_instances", estate.data)
    estate.api.delete_stack_set(StackSetName="guardian")
    with pytest.raises(ClientError) as gone:
        estate.api.describe_stack_set(StackSetName="guardian")
    assert gone.value.response["Error"]["Code"] == "StackSetNotFoundException"
    assert estate.api.list_stack_sets(Status="ACTIVE")["Summaries"] == []
    [deleted] = estate.api.list_stack_sets(Status="DELETED")["Summaries"]
    assert deleted["StackSetName"] == "guardian"


def test_a_retained_stack_stays_where_it_is(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)

    estate.run("delete_stack_instances", estate.data, RetainStacks=True)

    assert estate.instances() == {}
    assert estate.attribute(account, "DelaySeconds") == "0"


def test_a_name_is_taken_once(estate: Estate) -> None:
    estate.create_set(Tags=[{"Key": "owner", "Value": "guardian"}], Description="d")

    with pytest.raises(ClientError) as refused:
        estate.create_set()

    assert refused.value.response["Error"]["Code"] == "NameAlreadyExistsException"
    described = estate.api.describe_stack_set(StackSetName="guardian")["StackSet"]
    assert described["Tags"] == [{"Key": "owner", "Value": "guardian"}]
    assert described["PermissionModel"] == "SERVICE_MANAGED"
    assert described["AutoDeployment"] == {"Enabled": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"TemplateBody": "{"}, "not well-formed"),
        ({"TemplateBody": "x" * 51_201}, "51200"),
        ({"StackSetName": "1st"}, "stackSetName"),
        ({"PermissionModel": "SELF_MANAGED"}, "AutoDeployment can only be specified"),
        (
            {
                "TemplateBody": json.dumps(
                    json.loads(template()) | {"Transform": "AWS::Serverless-2016-10-31"}
                )
            },
            "transforms",
        ),
    ],
)
def test_bad_definitions_are_refused(
    estate: Estate, options: dict[str, Any], message: str
) -> None:
    asked = {
        "StackSetName": "guardian",
        "TemplateBody": template(),
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": False},
    }

    with pytest.raises(ClientError, match=message):
        estate.api.create_stack_set(**(asked | options))


def test_a_template_comes_from_s3(aws: Aws, estate: Estate) -> None:
    account = estate.account("a", estate.data)
    aws("s3", "us-east-1").create_bucket(Bucket="templates")
    aws("s3", "us-east-1").put_object(Bucket="templates", Key="t.json", Body=template())
    estate.api.create_stack_set(
        StackSetName="guardian",
        TemplateURL="https://s3.amazonaws.com/templates/t.json",
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
    )

    estate.run("create_stack_instances", estate.data)

    assert set(estate.instances()) == everywhere(account)


@pytest.mark.parametrize(
    ("scheme", "size", "said"),
    [
        ("http", 100, "TemplateURL must be a supported URL"),
        ("https", 1_048_577, "may not exceed 1048576 bytes"),
    ],
)
def test_a_template_from_s3_has_its_limits_too(
    aws: Aws, estate: Estate, scheme: str, size: int, said: str
) -> None:
    aws("s3", "us-east-1").create_bucket(Bucket="templates")
    body = template().ljust(size)
    aws("s3", "us-east-1").put_object(Bucket="templates", Key="t.json", Body=body)
    with pytest.raises(ClientError, match=said):
        estate.api.create_stack_set(
            StackSetName="guardian", TemplateURL=f"{scheme}://s3.amazonaws.com/templates/t.json"
        )
