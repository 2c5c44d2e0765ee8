"""The hub's stack of `deploy/hub.yaml`: what guardian needs there is there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from guardian.aws.template_objects import TemplateObjects
from guardian.desire import WantedStackSet
from guardian.settings import REQUIRED, variables
from tests.contract.conftest import Connect
from tests.localaws.conftest import Aws as Boto
from tests.templates import complaints, parsed

pytestmark = pytest.mark.slow
HUB = Path(__file__).parents[2] / "deploy" / "hub.yaml"


def test_large_templates_lie_where_the_hubs_stack_says(connected: Connect, aws: Boto) -> None:
    cloudformation = aws("cloudformation")
    cloudformation.create_stack(
        StackName="guardian-hub",
        TemplateBody=HUB.read_text("utf-8"),
        Parameters=[{"ParameterKey": "OrganizationId", "ParameterValue": "o-exampleorgid"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="guardian-hub")
    (stack,) = cloudformation.describe_stacks(StackName="guardian-hub")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    place = outputs["TemplatesPlace"]
    bucket = place.removeprefix("s3://").removesuffix("/guardian")
    large = WantedStackSet("guardian-x", "", " " * 60_000, "f1", frozenset(), {})
    (url,) = TemplateObjects(connected().clients, place).argument(large).values()
    key = "guardian/guardian-x-f1.json"
    assert url == f"https://s3.eu-west-1.amazonaws.com/{bucket}/{key}"
    assert aws("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] == 60_000


def test_the_bucket_is_closed_encrypted_and_forgets() -> None:
    bucket = parsed(HUB.read_text("utf-8"))["Resources"]["Templates"]["Properties"]
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 90)
    assert rule["Prefix"] == "guardian/"  # policies stay
    assert bucket["BucketEncryption"]


def test_guardian_may_put_templates_and_read_them_and_the_policies_and_nothing_else_in_s3() -> (
    None
):
    role = parsed(HUB.read_text("utf-8"))["Resources"]["Role"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    of_s3 = [each for each in statements if str(each["Action"]).count("s3:")]
    assert [(each["Action"], each["Resource"]) for each in of_s3] == [
        (
            ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            {"Fn::Sub": "${Templates.Arn}/guardian/*"},
        ),
        ("s3:ListBucket", {"Fn::GetAtt": ["Templates", "Arn"]}),
        ("s3:GetObject", {"Fn::Sub": "${Templates.Arn}/${PolicyPrefix}/*"}),
    ]


def hub() -> Mapping[str, Any]:
    return parsed(HUB.read_text("utf-8"))


def test_cfn_lint_has_nothing_to_say_of_the_hubs_stack() -> None:
    assert complaints(HUB.read_text("utf-8"), "eu-west-1") == []


def test_every_check_that_is_skipped_has_its_reason() -> None:
    metadata = [each.get("Metadata", {}) for each in hub()["Resources"].values()]
    skips = [skip for each in metadata for skip in each.get("checkov", {}).get("skip", ())]
    assert skips
    assert all(len(skip["comment"]) > 20 for skip in skips)


def test_every_parameter_is_explained_and_in_a_group() -> None:
    groups = hub()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(hub()["Parameters"])
    described = {name for name, each in hub()["Parameters"].items() if "Description" in each}
    assert described == set(grouped)


def test_the_container_may_do_nothing_that_it_does_not_need() -> None:
    resources = hub()["Resources"]
    (container,) = resources["Task"]["Properties"]["ContainerDefinitions"]
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert container["StopTimeout"] == 60
    assert "PortMappings" not in container
    group = resources["SecurityGroup"]["Properties"]
    assert "SecurityGroupIngress" not in group
    assert {rule["FromPort"] for rule in group["SecurityGroupEgress"]} == {443}
    deployment = resources["Service"]["Properties"]["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (0, 100)


def test_every_variable_of_the_container_is_a_setting() -> None:
    (container,) = hub()["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    named = {each["Name"] for each in container["Environment"]}
    assert named <= set(variables().values())
    assert {variables()[name] for name in REQUIRED} <= named
    secrets = {each["Name"] for each in container["Secrets"]}
    assert secrets == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"}


def test_the_execution_role_has_the_log_the_secret_and_the_image_and_the_daemon_has_none() -> None:
    def actions(role: str) -> set[str]:
        properties = hub()["Resources"][role]["Properties"]
        statements = properties["Policies"][0]["PolicyDocument"]["Statement"]
        plain = [each["Fn::If"][1] if "Fn::If" in each else each for each in statements]
        lists = [each["Action"] for each in plain]
        return {a for each in lists for a in ([each] if isinstance(each, str) else each)}

    execution = actions("ExecutionRole")
    assert {action.split(":")[0] for action in execution} == {"ecr", "logs", "secretsmanager"}
    assert not execution & actions("Role")
