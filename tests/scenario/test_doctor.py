"""`guardian doctor` on local AWS: all is well, and then one thing after the other is broken for real."""

import json
from datetime import datetime, timedelta

import pytest

from guardian.clock import system_now
from guardian.demo.cast import HOME
from guardian.doctor import Status
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack.workspace import SCOPES, Channel
from tests.scenario import examination
from tests.scenario.conftest import (
    CHANNEL,
    RESEARCH_POLICY,
    ROOT,
    SANDBOX_POLICY,
    Installation,
    calls,
    forget_calls,
)
from tests.scenario.examination import Ask, changed, client, option, written

ask = examination.ask

ACCOUNTS = "account.amazonaws.com"
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
READING = ("Describe", "Get", "List", "AssumeRole")

pytestmark = pytest.mark.slow


def test_a_sound_installation_is_all_green_and_nothing_is_changed_in_it(
    governed: Installation,
) -> None:
    forget_calls(governed.cast.aws)
    run = governed.run("doctor", "--format", "json")
    assert (run.code, run.err) == (0, "")
    found = json.loads(run.out)["checks"]
    assert {each["name"]: each["status"] for each in found if each["status"] != "ok"} == {}
    made = [call for call in calls(governed.cast.aws) if "guardian" in call["principal"]]
    assert {c["operation"] for c in made if not c["operation"].startswith(READING)} == set()
    page = (ROOT / "docs" / "reference" / "aws-calls.md").read_text()
    assert {c["operation"] for c in made if f"`{c['operation']}`" not in page} == set()


def test_it_tells_of_all_that_is_wrong_at_once_and_of_no_secret(governed: Installation) -> None:
    run = governed.run(
        "doctor", GUARDIAN_JOURNAL="sqlite:////proc/nothing", SLACK_BOT_TOKEN="oops"
    )
    assert run.code == 1
    assert "failed       journal" in run.out
    assert "failed       slack" in run.out
    assert "not checked  slack channels" in run.out
    assert "ok           trails" in run.out
    assert not [name for name in SECRETS if governed.environment[name] in run.out]
    assert "oops" not in run.out


def test_warnings_are_a_failure_only_to_the_strict(governed: Installation) -> None:
    changed = {"SLACK_BOT_TOKEN": "", "GUARDIAN_CALL_AS": "self"}
    assert governed.run("doctor", "--sample", "0", **changed).code == 0
    assert governed.run("doctor", "--sample", "0", "--strict", **changed).code == 1


def test_wrong_settings_leave_nothing_to_check_but_the_versions(ask: Ask) -> None:
    found = ask("versions", "journal", "credentials", GUARDIAN_CALL_AS="nobody")
    assert found["settings"].status is Status.FAILED
    assert "GUARDIAN_CALL_AS" in found.said("settings")
    assert found["versions"].status is Status.OK
    assert found["journal"].status is found["credentials"].status is Status.NOT_CHECKED
    assert found.said("credentials") == "not checked because of settings"


def test_every_problem_of_the_policies_is_told(governed: Installation, ask: Ask) -> None:
    broken = SANDBOX_POLICY.replace("glue-session", "glue-sesion").replace("30m", "soon")
    with written(governed, sandbox=broken):
        found = ask("policies", "governed")
    assert len(found["policies"].findings) == 3
    assert "sandbox.yaml:5:3" in found.said("policies")
    assert found["governed"].status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("off", "status"),
    [
        (timedelta(minutes=10), Status.FAILED),
        (timedelta(minutes=-1), Status.WARNING),
        (timedelta(), Status.OK),
    ],
)
def test_a_clock_is_compared_with_that_of_aws(ask: Ask, off: timedelta, status: Status) -> None:
    def clock() -> datetime:
        return system_now() + off

    assert ask("clock", clock=clock)["clock"].status is status


def test_refused_credentials_still_tell_the_time(ask: Ask) -> None:
    found = ask("clock", "bus", AWS_ACCESS_KEY_ID="ASIAQAAAAAAAAAAAAAAA")
    assert found["clock"].status is Status.OK
    assert found["credentials"].status is Status.FAILED
    assert "AWS_PROFILE" in found.advice("credentials")
    assert found.said("organization") == "not checked because of credentials"


def test_credentials_of_another_account_or_role_are_told(ask: Ask) -> None:
    other = ask("credentials", GUARDIAN_HUB_ACCOUNT="999999999999")
    assert other["credentials"].status is Status.FAILED
    assert "hub.account is 999999999999" in other.said("credentials")
    admin = {"AWS_ACCESS_KEY_ID": "test", "AWS_SESSION_TOKEN": ""}
    found = ask("credentials", **admin, AWS_SECRET_ACCESS_KEY="test")
    assert found["credentials"].status is Status.WARNING
    role = f"arn:aws:iam::{MANAGEMENT_ACCOUNT}:role/guardian-hub"
    assert option(found.fix("credentials"), "--role-arn") == role


def test_a_member_that_is_no_delegated_administrator_cannot_be_the_hub(
    governed: Installation, ask: Ask
) -> None:
    ana, estate = governed.cast.accounts["ana"], governed.cast.estate
    keys = estate.assume(ana, "OrganizationAccountAccessRole", "ana", HOME)
    as_ana = {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
        "GUARDIAN_HUB_ACCOUNT": ana,
    }
    refused = ask("stack sets", **as_ana)
    assert refused["organization"].status is Status.FAILED
    organizations = client(governed, "organizations")
    which = {
        "AccountId": ana,
        "ServicePrincipal": "member.org.stacksets.cloudformation.amazonaws.com",
    }
    organizations.register_delegated_administrator(**which)
    try:
        wrong = ask("stack sets", **as_ana)
        right = ask("stack sets", **as_ana, GUARDIAN_CALL_AS="delegated-admin")
    finally:
        organizations.deregister_delegated_administrator(**which)
    assert wrong["stack sets"].status is Status.FAILED
    assert wrong.fix("stack sets") == ["call_as:", "delegated-admin"]
    assert right["stack sets"].status is Status.OK


def test_stack_sets_need_trusted_access(governed: Installation, ask: Ask) -> None:
    cloudformation = client(governed, "cloudformation")
    cloudformation.deactivate_organizations_access()
    try:
        found = ask("stack sets")
    finally:
        cloudformation.activate_organizations_access()
    assert found["stack sets"].status is Status.FAILED
    assert "activate-organizations-access" in found.fix("stack sets")


def test_policies_for_nobody_and_for_places_that_are_not_there_are_told(
    governed: Installation, ask: Ask
) -> None:
    governed.cast.estate.units(["/Empty"], HOME)
    nobody = RESEARCH_POLICY.replace("/Workloads/Data Science/Research", "/Empty")
    with written(governed, sandbox="", research=nobody):
        found = ask("governed")
    assert found["governed"].status is Status.WARNING
    unknown = RESEARCH_POLICY.replace("ou: /Workloads", "ou: /Nowhere")
    with written(governed, research=unknown):
        found = ask("governed")
    assert found["governed"].status is Status.FAILED


def test_regions_that_accounts_lack_and_templates_that_are_not_out_are_told(
    governed: Installation, ask: Ask
) -> None:
    organizations = client(governed, "organizations")
    with written(governed, sandbox=SANDBOX_POLICY.replace(HOME, f"{HOME}, me-south-1")):
        unasked = ask("regions")
        organizations.enable_aws_service_access(ServicePrincipal=ACCOUNTS)
        found = ask("regions")
    assert unasked["regions"].status is Status.WARNING
    assert ACCOUNTS in unasked.advice("regions")
    assert found["regions"].status is Status.WARNING
    ana, ben = sorted(governed.cast.accounts[who] for who in ("ana", "ben"))
    assert f"me-south-1, which a policy names, is not enabled in {ana}, {ben}" in found.said(
        "regions"
    )
    with written(governed, sandbox=SANDBOX_POLICY.replace("30s", "45s")):
        found = ask("rollout")
    assert found["rollout"].status is Status.WARNING
    assert "guardian-sandbox has the template" in found.said("rollout")


def test_before_the_first_rollout_nothing_is_asked_in_accounts(ask: Ask) -> None:
    found = ask("member role", "trails", GUARDIAN_HOME_REGION="us-east-1")
    assert found.said("rollout") == "nothing is rolled out yet"
    assert found["member role"].status is found["trails"].status is Status.NOT_CHECKED


def test_an_account_that_lets_nobody_in_hides_no_other(governed: Installation, ask: Ask) -> None:
    iam = governed.cast.person("admin", "ana").client("iam")
    trust = iam.get_role(RoleName="guardian-member")["Role"]["AssumeRolePolicyDocument"]
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    put = iam.update_assume_role_policy
    put(
        RoleName="guardian-member",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [nobody]}),
    )
    try:
        found = ask("member role", "trails")
    finally:
        put(RoleName="guardian-member", PolicyDocument=json.dumps(trust))
    (refused,) = found["member role"].findings
    assert refused.status is Status.FAILED
    assert refused.said.startswith(f"{governed.cast.accounts['ana']}: guardian-member cannot be")
    assert "all 2 sampled accounts" in found.said("trails")


def test_a_region_without_a_trail_is_told(governed: Installation, ask: Ask) -> None:
    ana = governed.cast.accounts["ana"]
    governed.cast.aws.post("/localaws/trail", {"logging": False, "account": ana})
    try:
        found = ask("trails")
    finally:
        governed.cast.aws.post("/localaws/trail", {"logging": True, "account": ana})
    assert (
        found.said("trails") == f"{ana}/{HOME}: no trail logs there: only the sweep stops anything"
    )


def channel(installation: Installation) -> Channel:
    (found,) = (c for c in installation.slack.workspace.channels.values() if not c.user)
    return found


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"is_member": False}, f"the bot is not in {CHANNEL}: Slack takes nothing there"),
        ({"is_archived": True}, f"{CHANNEL} is archived"),
        (
            {"name": "other"},
            f"there is no channel {CHANNEL}, or it is private and the bot is not in it",
        ),
    ],
)
def test_a_channel_that_takes_nothing_is_told(
    governed: Installation, ask: Ask, state: dict[str, object], said: str
) -> None:
    with changed(channel(governed), **state):
        found = ask("slack channels")
    assert found["slack channels"].status is Status.FAILED
    assert found.said("slack channels") == said


def test_scopes_that_are_missing_are_told_with_what_they_are_for(
    governed: Installation, ask: Ask
) -> None:
    workspace = governed.slack.workspace
    with changed(workspace, scopes=SCOPES - {"files:write", "channels:read"}):
        found = ask("slack scopes", "slack channels")
    assert found["slack scopes"].status is Status.WARNING
    assert "files:write is missing: digests have no chart" in found.said("slack scopes")
    assert "missing_scope" in found.said("slack channels")
    with changed(workspace, scopes=SCOPES - {"chat:write"}):
        assert ask("slack scopes")["slack scopes"].status is Status.FAILED


def test_tokens_that_are_wrong_or_missing_are_told(ask: Ask) -> None:
    found = ask("slack", "slack socket", SLACK_BOT_TOKEN="xoxp-no", SLACK_APP_TOKEN="xoxb-no")
    assert found["slack"].status is found["slack socket"].status is Status.FAILED
    assert "SLACK_APP_TOKEN" in found.advice("slack socket")
    assert "-no" not in str(found)
    found = ask("slack scopes", "slack socket", SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="")
    assert found["slack"].status is Status.WARNING
    assert found["slack scopes"].status is Status.NOT_CHECKED
    assert found["slack socket"].status is Status.OK
