"""What a bootstrap decides: the parameters, the steps and their order, and what it refuses."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import AccessDenied, InputError, Refused
from guardian.ids import AccountId, Region
from guardian.jobs.bootstrap import explaining
from guardian.jobs.bootstrap.commands import commands
from guardian.jobs.bootstrap.files import (
    differing,
    first_policy,
    settings,
    wanted_settings,
    write_new,
)
from guardian.jobs.bootstrap.parameters import parameters, read, repository, with_previous
from guardian.jobs.bootstrap.steps import (
    Do,
    check_caller,
    check_changes,
    check_stack,
    steps,
)
from guardian.policy.load import parse_policies
from guardian.ports.bootstrap import Caller, HubStack, Network, StackChange
from guardian.settings import load_settings

MANAGEMENT, HUB = AccountId("111111111111"), AccountId("222222222222")
REGION = Region("eu-west-1")
IMAGE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com/team/guardian:1.0"
NETWORK = Network("vpc-1", ("subnet-1", "subnet-2"))
OUTPUTS = {
    "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/222222222222/guardian",
    "Journal": "sqlite:///guardian.db",
    "TemplatesPlace": "s3://bucket/guardian",
    "PoliciesPlace": "s3://bucket/policies",
}


def caller(account: AccountId = MANAGEMENT, **more: bool) -> Caller:
    said = {"complete": True, "delegated": False, **more}
    return Caller(account, f"arn:aws:iam::{account}:role/me", "o-exampleorgid", MANAGEMENT, **said)


def stack(status: str = "UPDATE_COMPLETE", **parameters: str) -> HubStack:
    return HubStack(status, parameters, OUTPUTS, "Queue: it is there already")


def test_the_management_account_and_an_administrator_may_go_on() -> None:
    check_caller(caller(), trusted=False)
    check_caller(caller(HUB, delegated=True), trusted=True)


@pytest.mark.parametrize(
    ("delegated", "trusted", "lacking"),
    [
        (True, False, ["activate-organizations-access"]),
        (False, True, ["register-delegated-administrator --account-id 222222222222"]),
        (False, False, ["activate-organizations-access", "register-delegated-administrator"]),
    ],
)
def test_another_account_is_told_the_commands_for_the_management_account(
    delegated: bool,  # noqa: FBT001
    trusted: bool,  # noqa: FBT001
    lacking: list[str],
) -> None:
    with pytest.raises(InputError) as raised:
        check_caller(caller(HUB, delegated=delegated), trusted=trusted)
    first, *told, last = raised.value.problems
    assert f"as the management account {MANAGEMENT}" in first
    assert [any(word in line for word in lacking) for line in told] == [True] * len(lacking)
    assert "guardian bootstrap as the management account" in last


def test_an_organization_without_all_features_is_told_so() -> None:
    with pytest.raises(InputError, match="aws organizations enable-all-features"):
        check_caller(caller(complete=False), trusted=True)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_can_be_changed_is_no_trouble(status: str) -> None:
    check_stack(stack(status))
    check_stack(stack("REVIEW_IN_PROGRESS"))
    check_stack(None)


@pytest.mark.parametrize(
    ("status", "command"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name guardian-hub"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback"),
    ],
)
def test_a_stack_that_cannot_be_changed_is_told_with_why_and_what_to_do(
    status: str, command: str
) -> None:
    with pytest.raises(Refused) as raised:
        check_stack(stack(status))
    assert f"is {status}: Queue: it is there already" in str(raised.value)
    assert command in str(raised.value)


def test_a_new_hub_gets_its_policies_before_its_daemon() -> None:
    made = parameters({"Image": IMAGE}, caller(), None, NETWORK)
    found = steps(made, None, trusted=False)
    assert [step.do for step in found] == [Do.TRUST, Do.HUB, Do.UPLOAD, Do.DAEMON]
    assert "Image" not in found[1].parameters
    assert found[3].parameters["Image"] == IMAGE


def test_a_hub_that_is_there_gets_its_policies_first_and_changes_once() -> None:
    found = steps(parameters({"Image": IMAGE}, caller(), stack(), NETWORK), stack(), trusted=True)
    assert [step.do for step in found] == [Do.UPLOAD, Do.HUB]


def test_a_hub_without_an_image_has_no_network() -> None:
    made = parameters({}, caller(HUB, delegated=True), None, NETWORK)
    assert made == {"OrganizationId": "o-exampleorgid", "CallAs": "delegated-admin"}
    assert [step.do for step in steps(made, None, trusted=True)] == [Do.HUB, Do.UPLOAD]


def test_a_daemon_is_put_into_the_default_network_unless_another_is_named() -> None:
    made = parameters({"Image": IMAGE}, caller(), None, NETWORK)
    assert (made["VpcId"], made["Subnets"]) == ("vpc-1", "subnet-1,subnet-2")
    assert made["Repository"] == "arn:aws:ecr:eu-west-1:222222222222:repository/team/guardian"
    own = {"Image": "registry.example/guardian", "VpcId": "vpc-9", "Subnets": "subnet-9"}
    made = parameters(own, caller(), None, None)
    assert (made["VpcId"], made["Subnets"], made["Repository"]) == ("vpc-9", "subnet-9", "")
    before = stack(Image=IMAGE, VpcId="vpc-8", Subnets="subnet-8")
    assert "VpcId" not in parameters({"Image": IMAGE}, caller(), before, NETWORK)


def test_a_daemon_without_a_network_is_refused() -> None:
    with pytest.raises(InputError, match="no default VPC"):
        parameters({"Image": IMAGE}, caller(), None, None)
    with pytest.raises(InputError, match="say --parameter Subnets"):
        parameters({"Image": IMAGE, "VpcId": "vpc-9"}, caller(), None, None)


def test_what_is_not_said_again_keeps_its_value() -> None:
    before = stack(Image=IMAGE, Cpu="512", Gone="x")
    told = with_previous({"CallAs": "self"}, before, {"Image", "Cpu", "CallAs", "New"})
    assert told == {"Image": None, "Cpu": None, "CallAs": "self"}
    assert with_previous({"CallAs": "self"}, stack("REVIEW_IN_PROGRESS", Cpu="1"), {"Cpu"}) == {
        "CallAs": "self"
    }


def test_parameters_are_read_and_misspelt_ones_told_together() -> None:
    assert read(["Cpu=512", "SlackChannel=#a=b"], {"Cpu", "SlackChannel"}) == {
        "Cpu": "512",
        "SlackChannel": "#a=b",
    }
    with pytest.raises(InputError) as raised:
        read(["Cpo=512", "Memory"], {"Cpu", "Memory"})
    assert raised.value.problems == (
        "--parameter Cpo: there is no such parameter; did you mean Cpu?",
        "--parameter Memory: say Name=value",
    )


@pytest.mark.parametrize(
    ("image", "arn"),
    [
        (
            "1".zfill(12) + ".dkr.ecr.cn-north-1.amazonaws.com.cn/g@sha256:ab",
            "arn:aws-cn:ecr:cn-north-1:000000000001:repository/g",
        ),
        (
            "1".zfill(12) + ".dkr.ecr.us-gov-west-1.amazonaws.com/g",
            "arn:aws-us-gov:ecr:us-gov-west-1:000000000001:repository/g",
        ),
        ("registry.example/guardian:1", ""),
        ("guardian", ""),
    ],
)
def test_the_repository_is_told_by_the_images_name(image: str, arn: str) -> None:
    assert repository(image) == arn


@pytest.mark.parametrize(
    "change",
    [
        StackChange("Modify", "Journal", "AWS::DynamoDB::Table", replaced=True),
        StackChange("Remove", "Templates", "AWS::S3::Bucket"),
        StackChange("Modify", "Role", "AWS::IAM::Role", replaced=True),
    ],
)
def test_a_change_that_would_take_data_with_it_is_refused(change: StackChange) -> None:
    with pytest.raises(Refused, match=change.name):
        check_changes([change])


def test_other_changes_are_let_through() -> None:
    check_changes(
        [
            StackChange("Modify", "Task", "AWS::ECS::TaskDefinition", replaced=True),
            StackChange("Remove", "Service", "AWS::ECS::Service"),
            StackChange("Modify", "Journal", "AWS::DynamoDB::Table"),
        ]
    )


@given(st.dictionaries(st.sampled_from(["Image", "SlackChannel"]), st.text(min_size=1)))
def test_commands_survive_a_shell_whatever_is_in_them(asked: Mapping[str, str]) -> None:
    made = parameters(asked, caller(), None, NETWORK)
    found = steps(made, None, trusted=False)
    shown = list(commands(found, None, REGION, Path("d/hub.yaml"), [Path("my policies/a.yaml")]))
    for do, command in shown:
        words = shlex.split(command)
        assert words[0] == "aws"
        if do is Do.DAEMON:
            assert {f"{name}={value}" for name, value in made.items()} <= set(words)
        if do is Do.UPLOAD:
            assert words[3] == "my policies/a.yaml"
            assert words[4].endswith("/a.yaml")


def test_policies_are_uploaded_to_where_the_stack_says() -> None:
    found = steps({}, stack(), trusted=True)
    shown = dict(commands(found, stack(), REGION, Path("hub.yaml"), [Path("p/a.yaml")]))
    assert shown[Do.UPLOAD] == "aws s3 cp p/a.yaml s3://bucket/policies/a.yaml"


@pytest.mark.parametrize("ou", ["/Sandbox", '/A "B": {c}', "/Ünïts/#1 \U0001f600"])
def test_the_first_policy_only_observes(ou: str) -> None:
    (policy,) = parse_policies([("first.yaml", first_policy(ou, REGION).encode())])
    assert policy.ou == ou
    assert "mode: observe" in first_policy(ou, REGION)


def test_the_settings_that_are_written_are_those_of_the_hub(tmp_path: Path) -> None:
    text = settings(REGION, HUB, OUTPUTS, call_as="delegated-admin", channel="#costs")
    assert write_new(tmp_path / "config" / "guardian.yaml", text)
    shown = load_settings(tmp_path / "config", {}).masked()
    wanted = wanted_settings(REGION, HUB, OUTPUTS, "delegated-admin")
    assert list(differing(shown, wanted)) == []
    assert shown["slack.channel"] == "#costs"
    other = {**wanted, "templates": "s3://other/guardian"}
    assert list(differing(shown, other)) == [
        "templates is s3://bucket/guardian, the hub's is s3://other/guardian"
    ]


def test_settings_that_are_there_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "guardian.yaml").write_text("mine")
    assert not write_new(tmp_path / "guardian.yaml", "yours")
    assert (tmp_path / "guardian.yaml").read_text() == "mine"


def test_a_service_control_policy_is_named_as_what_it_is() -> None:
    said = "s3:CreateBucket: AccessDenied: with an explicit deny in a service control policy"
    with pytest.raises(AccessDenied, match="ask whoever writes them"), explaining():
        raise AccessDenied(said)
    with pytest.raises(Refused, match=r"^Journal: no$"), explaining():
        raise Refused("Journal: no")
