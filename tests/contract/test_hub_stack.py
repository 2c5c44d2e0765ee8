"""The hub's stack of `deploy/hub.yaml`: what guardian needs there is there."""

from pathlib import Path

import pytest

from guardian.aws.template_objects import TemplateObjects
from guardian.desire import WantedStackSet
from tests.contract.conftest import Connect
from tests.localaws.conftest import Aws as Boto
from tests.templates import parsed

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
    assert bucket["BucketEncryption"]


def test_guardian_may_put_templates_and_read_them_and_nothing_else_in_s3() -> None:
    role = parsed(HUB.read_text("utf-8"))["Resources"]["Role"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    (of_s3,) = (each for each in statements if str(each["Action"]).count("s3:"))
    assert of_s3["Action"] == ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    assert of_s3["Resource"] == {"Fn::Sub": "${Templates.Arn}/guardian/*"}
