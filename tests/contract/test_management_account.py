"""The management account: a plain stack does there what a stack instance does elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.desire import WantedStackSet
from guardian.errors import AccessDenied, Refused
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds
from guardian.plan import InstanceStatus, Purpose, purpose_of
from tests.contract.conftest import HUB, Connect, in_member, move, new_ou, root_of
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import new_account

pytestmark = pytest.mark.slow
NAME = "guardian-science"
ROLE = "guardian-management"
PARIS = Region("eu-west-3")
HERE, THERE = in_member(HUB), in_member(HUB, PARIS)
BUCKET = "guardian-templates"
GLUE = all_kinds()["glue-session"]
KEYS = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}
MANAGEMENT = Path(__file__).parents[2] / "deploy" / "management.yaml"


def template(role: str = "one", size: int = 0) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    properties = {
        "RoleName": {"Fn::Sub": f"guardian-science-${{AWS::Region}}-{role}"},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    body = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}}
    return json.dumps(body) + " " * size


def quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def guardian(connected: Connect) -> Aws:
    return connected(management_role=ROLE)


@pytest.fixture
def wanted(aws: Boto) -> WantedStackSet:
    """A stack set that is wanted in a member and, in two regions, in the management account."""
    member = AccountId(new_account(aws, "member"))
    aws("cloudformation").activate_organizations_access()
    ou = new_ou(aws, "science")
    move(aws, member, ou)
    targets = frozenset({in_member(member), HERE, THERE})
    ou_of = {member: ou, HUB: root_of(aws)}
    return WantedStackSet(NAME, "For science.", template(), "f1", targets, ou_of, stops=True)


def member_of(wanted: WantedStackSet) -> Target:
    (found,) = wanted.targets - {HERE, THERE}
    return found


@pytest.fixture
def deployed(guardian: Aws, wanted: WantedStackSet) -> WantedStackSet:
    guardian.stack_sets.create(wanted)
    assert guardian.stack_sets.deploy(wanted, wanted.targets, quiet) == {}
    return wanted


def statuses(guardian: Aws) -> Mapping[Target, InstanceStatus]:
    (only,) = guardian.stack_sets.observe()
    return {instance.target: instance.status for instance in only.instances}


def stack(aws: Boto, region: str = "eu-west-1", name: str = NAME) -> dict[str, Any]:
    (found,) = aws("cloudformation", region).describe_stacks(StackName=name)["Stacks"]
    return dict(found)


def stacks(aws: Boto, region: str = "eu-west-1") -> list[str]:
    return [s["StackName"] for s in aws("cloudformation", region).describe_stacks()["Stacks"]]


def somebodys_role(aws: Boto, role: str, region: str = "eu-west-1") -> None:
    aws("iam").create_role(
        RoleName=f"guardian-science-{region}-{role}", AssumeRolePolicyDocument="{}"
    )


def roles(aws: Boto) -> set[str]:
    found = aws("iam").list_roles()["Roles"]
    return {r["RoleName"] for r in found if r["RoleName"].startswith("guardian-science-")}


def test_stacks_stand_for_instances_in_the_management_account(
    guardian: Aws, deployed: WantedStackSet, aws: Boto
) -> None:
    assert statuses(guardian) == dict.fromkeys(deployed.targets, InstanceStatus.CURRENT)
    assert roles(aws) == {"guardian-science-eu-west-1-one", "guardian-science-eu-west-3-one"}
    made = stack(aws)
    tags = {tag["Key"]: tag["Value"] for tag in made["Tags"]}
    assert (
        tags.items()
        >= {
            "guardian:managed-by": "guardian",
            "guardian:fingerprint": "f1",
            "guardian:stops": "yes",
        }.items()
    )
    assert made["RoleARN"] == f"arn:aws:iam::{HUB}:role/guardian-management-stacks"


def test_progress_counts_instances_and_stacks_together(
    guardian: Aws, wanted: WantedStackSet
) -> None:
    guardian.stack_sets.create(wanted)
    told: list[tuple[int, int]] = []
    guardian.stack_sets.deploy(wanted, wanted.targets, lambda *count: told.append(count))
    assert told == sorted(told)
    assert told[-1] == (3, 3)


def test_a_stack_set_may_govern_the_management_account_alone(
    guardian: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    alone = replace(wanted, targets=frozenset({HERE}))
    guardian.stack_sets.create(alone)
    assert guardian.stack_sets.deploy(alone, [HERE], quiet) == {}
    changed = replace(alone, template=template("two"), fingerprint="f2")
    assert guardian.stack_sets.update(changed, quiet) == {}
    assert statuses(guardian) == {HERE: InstanceStatus.CURRENT}
    assert roles(aws) == {"guardian-science-eu-west-1-two"}


def test_an_update_reaches_both(guardian: Aws, deployed: WantedStackSet, aws: Boto) -> None:
    changed = replace(deployed, template=template("two"), fingerprint="f2")
    assert guardian.stack_sets.update(changed, quiet) == {}
    assert statuses(guardian) == dict.fromkeys(deployed.targets, InstanceStatus.CURRENT)
    assert roles(aws) == {"guardian-science-eu-west-1-two", "guardian-science-eu-west-3-two"}
    assert guardian.stack_sets.update(changed, quiet) == {}


def test_an_update_that_fails_is_told_by_target_with_the_reason_of_its_resource(
    guardian: Aws, deployed: WantedStackSet, aws: Boto
) -> None:
    somebodys_role(aws, "two", PARIS)
    changed = replace(deployed, template=template("two"), fingerprint="f2")
    failed = guardian.stack_sets.update(changed, quiet)
    assert failed.keys() == {THERE}
    assert failed[THERE].startswith("UPDATE_ROLLBACK_COMPLETE: Role: ")
    assert "guardian-science-eu-west-3-two" in failed[THERE]
    assert statuses(guardian)[THERE] is InstanceStatus.OUTDATED
    assert statuses(guardian)[HERE] is InstanceStatus.CURRENT


def test_a_stack_that_could_not_be_made_is_inoperable_and_can_be_made_anew(
    guardian: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    somebodys_role(aws, "one")
    guardian.stack_sets.create(wanted)
    failed = guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    assert failed.keys() == {HERE}
    (seen,) = guardian.stack_sets.observe()
    (broken,) = (i for i in seen.instances if i.status is InstanceStatus.INOPERABLE)
    assert (broken.target, broken.reason) == (HERE, failed[HERE])

    aws("iam").delete_role(RoleName="guardian-science-eu-west-1-one")
    assert guardian.stack_sets.withdraw(NAME, [HERE], quiet) == {}
    assert guardian.stack_sets.deploy(wanted, [HERE], quiet) == {}
    assert statuses(guardian)[HERE] is InstanceStatus.CURRENT


def test_only_what_is_withdrawn_goes_and_a_stack_set_with_a_stack_stays(
    guardian: Aws, deployed: WantedStackSet, aws: Boto
) -> None:
    member = member_of(deployed)
    assert guardian.stack_sets.withdraw(NAME, [member, HERE], quiet) == {}
    assert statuses(guardian) == {THERE: InstanceStatus.CURRENT}
    assert stacks(aws) == []
    with pytest.raises(Refused, match=f"its stack in {THERE} is still there"):
        guardian.stack_sets.delete(NAME)
    assert guardian.stack_sets.withdraw(NAME, [THERE], quiet) == {}
    guardian.stack_sets.delete(NAME)
    assert guardian.stack_sets.observe() == ()
    assert roles(aws) == set()


def test_a_stack_that_somebody_else_made_is_neither_seen_nor_touched(
    guardian: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    aws("cloudformation").create_stack(
        StackName=NAME, TemplateBody=template("theirs"), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    guardian.stack_sets.create(wanted)
    assert statuses(guardian) == {}
    failed = guardian.stack_sets.deploy(wanted, [HERE, THERE], quiet)
    assert failed == {HERE: f"{HERE} has a stack {NAME} that guardian did not make"}
    assert guardian.stack_sets.withdraw(NAME, [HERE], quiet) == failed
    assert roles(aws) == {"guardian-science-eu-west-1-theirs", "guardian-science-eu-west-3-one"}


def test_a_wave_of_the_management_account_alone_leaves_the_others_outdated(
    guardian: Aws, deployed: WantedStackSet
) -> None:
    changed = replace(deployed, template=template("two"), fingerprint="f2")
    assert guardian.stack_sets.update_some(changed, [HERE], Purpose.WAVE, quiet) == {}
    (seen,) = guardian.stack_sets.observe()
    assert (seen.fingerprint, seen.template) == ("f2", changed.template)
    member = member_of(deployed)
    assert {i.target: i.status for i in seen.instances} == {
        HERE: InstanceStatus.CURRENT,
        THERE: InstanceStatus.OUTDATED,
        member: InstanceStatus.OUTDATED,
    }
    purposes = {i.target: purpose_of(i.operation, seen.rollout) for i in seen.instances}
    assert purposes == {HERE: Purpose.WAVE, THERE: None, member: None}

    rest = [THERE, member]
    assert guardian.stack_sets.update_some(changed, rest, Purpose.WAVE, quiet) == {}
    assert set(statuses(guardian).values()) == {InstanceStatus.CURRENT}


def test_a_failed_wave_is_outdated_and_a_retry_brings_what_the_stack_set_has(
    guardian: Aws, deployed: WantedStackSet, aws: Boto
) -> None:
    somebodys_role(aws, "two")
    changed = replace(deployed, template=template("two"), fingerprint="f2")
    wave = [HERE, member_of(deployed)]
    assert guardian.stack_sets.update_some(changed, wave, Purpose.WAVE, quiet).keys() == {HERE}
    (seen,) = guardian.stack_sets.observe()
    at = {i.target: i for i in seen.instances}
    assert (at[HERE].status, at[THERE].status) == (InstanceStatus.OUTDATED,) * 2
    assert purpose_of(at[HERE].operation, seen.rollout) is Purpose.WAVE
    assert purpose_of(at[THERE].operation, seen.rollout) is None

    aws("iam").delete_role(RoleName="guardian-science-eu-west-1-two")
    assert guardian.stack_sets.update_some(deployed, [HERE], Purpose.RETRY, quiet) == {}
    assert statuses(guardian)[HERE] is InstanceStatus.CURRENT
    assert roles(aws) == {"guardian-science-eu-west-1-two", "guardian-science-eu-west-3-one"}


def test_a_stack_whose_stack_set_is_gone_is_seen_and_taken_away(
    guardian: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    guardian.stack_sets.create(wanted)
    guardian.stack_sets.deploy(wanted, [HERE], quiet)
    aws("cloudformation").delete_stack_set(StackSetName=NAME)
    assert statuses(guardian) == {HERE: InstanceStatus.OUTDATED}
    assert guardian.stack_sets.update(wanted, quiet) == {}
    assert statuses(guardian) == {HERE: InstanceStatus.CURRENT}

    aws("cloudformation").delete_stack_set(StackSetName=NAME)
    assert guardian.stack_sets.withdraw(NAME, [HERE], quiet) == {}
    guardian.stack_sets.delete(NAME)
    assert guardian.stack_sets.observe() == ()


def test_a_large_template_goes_through_s3(
    connected: Connect, wanted: WantedStackSet, aws: Boto
) -> None:
    aws("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    guardian = connected(management_role=ROLE, templates=f"s3://{BUCKET}/guardian")
    large = replace(wanted, template=template(size=60_000))
    guardian.stack_sets.create(large)
    assert guardian.stack_sets.deploy(large, [HERE], quiet) == {}
    assert statuses(guardian) == {HERE: InstanceStatus.CURRENT}


def test_without_the_setting_stacks_are_not_looked_for(
    connected: Connect, deployed: WantedStackSet
) -> None:
    assert statuses(connected()).keys() == {member_of(deployed)}


@pytest.fixture
def delegated(
    connected: Connect, wanted: WantedStackSet, aws: Boto, monkeypatch: pytest.MonkeyPatch
) -> Aws:
    """Guardian in a hub account of its own, which administers stack sets."""
    hub = member_of(wanted).account
    aws("organizations").register_delegated_administrator(
        AccountId=hub, ServicePrincipal="member.org.stacksets.cloudformation.amazonaws.com"
    )
    given = aws("sts").assume_role(
        RoleArn=f"arn:aws:iam::{hub}:role/OrganizationAccountAccessRole", RoleSessionName="hub"
    )["Credentials"]

    for name, key in KEYS.items():
        monkeypatch.setenv(name, given[key])
    return connected(management_role=ROLE, hub_account=hub, call_as="DELEGATED_ADMIN")


def deploy_role(aws: Boto, hub: str, role: str) -> None:
    organization = aws("organizations").describe_organization()["Organization"]["Id"]
    values = {"OrganizationId": organization, "HubAccount": hub, "HubRole": role}
    aws("cloudformation").create_stack(
        StackName="guardian-management",
        TemplateBody=MANAGEMENT.read_text("utf-8"),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert stack(aws, name="guardian-management")["StackStatus"] == "CREATE_COMPLETE"


def test_a_delegated_administrator_goes_there_in_the_role_of_the_management_stack(
    delegated: Aws, wanted: WantedStackSet, aws: Boto
) -> None:
    guardian, member = delegated, member_of(wanted)
    guardian.stack_sets.create(wanted)
    failed = guardian.stack_sets.deploy(wanted, wanted.targets, quiet)
    assert failed.keys() == {HERE, THERE}
    assert f"arn:aws:iam::{HUB}:role/guardian-management" in failed[HERE]
    assert statuses(guardian) == {member: InstanceStatus.CURRENT}
    # Nobody knows whether stacks are left there.
    with pytest.raises(AccessDenied):
        guardian.stack_sets.delete(NAME)

    deploy_role(aws, member.account, "OrganizationAccountAccessRole")
    assert guardian.stack_sets.deploy(wanted, [HERE, THERE], quiet) == {}
    assert statuses(guardian) == dict.fromkeys(wanted.targets, InstanceStatus.CURRENT)
    assert stack(aws)["StackStatus"] == "CREATE_COMPLETE"


def test_the_hubs_own_account_is_entered_through_the_member_role(guardian: Aws, aws: Boto) -> None:
    with pytest.raises(AccessDenied, match=f"arn:aws:iam::{HUB}:role/guardian-member"):
        list(guardian.members.candidates(GLUE, HERE))
    trust = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws("iam").create_role(RoleName="guardian-member", AssumeRolePolicyDocument=document)
    assert list(guardian.members.candidates(GLUE, HERE)) == []
