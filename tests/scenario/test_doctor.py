"""`guardian doctor` on local AWS: all is well, and then one thing after the other is broken for real."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from guardian.clock import Clock, system_now
from guardian.demo.cast import HOME
from guardian.doctor import Check, Examined, Status, examine
from guardian.doctor.all import checks
from guardian.doctor.patient import Patient
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack.workspace import SCOPES, Channel
from tests.scenario.conftest import (
    CHANNEL,
    RESEARCH_POLICY,
    ROOT,
    SANDBOX_POLICY,
    Installation,
    calls,
    forget_calls,
)
from tests.scenario.rollouts import forget_faults

ACCOUNTS = "account.amazonaws.com"
BUS, RULE = "guardian", "guardian-outcomes"
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
READING = ("Describe", "Get", "List", "AssumeRole")

pytestmark = pytest.mark.slow


class Found(dict[str, Examined]):
    """What was examined, by name."""

    def said(self, name: str) -> str:
        return "\n".join(finding.said for finding in self[name].findings)

    def advice(self, name: str) -> str:
        """The one way to mend it."""
        (fix,) = {finding.fix for finding in self[name].findings if finding.fix}
        return fix

    def fix(self, name: str) -> list[str]:
        """The words of the one command that mends it."""
        return shlex.split(self.advice(name))


Ask = Callable[..., Found]


@pytest.fixture
def ask(governed: Installation) -> Ask:
    """Makes some checks, and those that they need; `changed` are variables of the environment."""

    def asked(*names: str, clock: Clock = system_now, **changed: str) -> Found:
        environment = {**governed.environment, **changed}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in changed.items():
                patch.setenv(name, value)
            patient = Patient(governed.directory, environment, clock=clock)
            wanted = with_needed(names, checks(patient))
            return Found({each.name: each for each in examine(wanted)})

    return asked


def with_needed(names: tuple[str, ...], every: tuple[Check, ...]) -> list[Check]:
    by_name = {check.name: check for check in every}
    wanted, left = set[str](), [*names]
    while left:
        check = by_name[left.pop()]
        wanted.add(check.name)
        left += check.needs
    return [check for check in every if check.name in wanted]


def client(installation: Installation, service: str) -> Any:
    return installation.cast.estate.client(service, HOME)


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@contextmanager
def changed(thing: object, **attributes: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in attributes.items():
            patch.setattr(thing, name, value)
        yield


@contextmanager
def fault(installation: Installation, **asked: object) -> Iterator[None]:
    installation.cast.aws.post("/localaws/faults", {"times": 10**6, **asked})
    try:
        yield
    finally:
        forget_faults(installation)


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


@contextmanager
def written(installation: Installation, **policies: str) -> Iterator[None]:
    installation.write(**policies)
    try:
        yield
    finally:
        installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)


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


def test_a_bus_without_its_policy_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    events = client(governed, "events")
    events.remove_permission(EventBusName=BUS, StatementId="organization")
    found = ask("bus")
    assert found["bus"].status is Status.FAILED
    fix = found.fix("bus")
    anybody = {
        "EventBusName": option(fix, "--event-bus-name"),
        "StatementId": option(fix, "--statement-id"),
        "Action": option(fix, "--action"),
        "Principal": option(fix, "--principal"),
    }
    events.put_permission(**anybody)
    assert "lets every account of AWS in" in ask("bus").said("bus")
    events.put_permission(**anybody, Condition=json.loads(option(fix, "--condition")))
    assert ask("bus")["bus"].status is Status.OK


def test_a_bus_that_is_not_there_is_told(ask: Ask) -> None:
    found = ask("bus", "rule", GUARDIAN_HUB_BUS="nowhere")
    assert "no event bus nowhere" in found.said("bus")
    assert found["rule"].status is Status.FAILED


def test_what_may_not_be_looked_at_is_a_warning_that_names_the_grant(
    governed: Installation, ask: Ask
) -> None:
    with fault(governed, service="sqs", error="AccessDenied"):
        found = ask("rule", "bus")
    assert found["queue"].status is Status.WARNING
    assert "sqs:GetQueueAttributes" in found.advice("queue")
    assert found["rule"].status is Status.NOT_CHECKED
    assert found["bus"].status is Status.OK


def test_a_queue_that_is_not_there_is_told(governed: Installation, ask: Ask) -> None:
    url = f"{governed.cast.queue_url}-other"
    found = ask("queue", GUARDIAN_HUB_QUEUE_URL=url)
    assert found.said("queue") == f"there is no queue {url}"


def test_a_queue_that_lets_nobody_send_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    sqs, url = client(governed, "sqs"), governed.cast.queue_url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    found = ask("queue policy")
    assert found["queue policy"].status is Status.FAILED
    attributes = json.loads(option(found.fix("queue policy"), "--attributes"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    assert ask("queue policy")["queue policy"].status is Status.OK


def test_a_rule_that_is_disabled_wrong_or_gone_is_mended_by_what_it_says(
    governed: Installation, ask: Ask
) -> None:
    events = client(governed, "events")
    which: Mapping[str, str] = {"EventBusName": BUS}
    events.disable_rule(Name=RULE, **which)
    disabled = ask("rule")
    assert disabled.said("rule") == f"{RULE} is disabled: no report reaches the queue"
    events.enable_rule(Name=option(disabled.fix("rule"), "--name"), **which)

    wrong = json.dumps({"source": ["guardian"], "detail-type": ["Guardian Noticed"]})
    events.put_rule(Name=RULE, EventPattern=wrong, **which)
    narrow = ask("rule")
    assert narrow.said("rule") == f"{RULE} leaves out Guardian Outcome"
    events.put_rule(Name=RULE, EventPattern=option(narrow.fix("rule"), "--event-pattern"), **which)
    assert ask("rule")["rule"].status is Status.OK

    events.remove_targets(Rule=RULE, Ids=["queue"], **which)
    gone = ask("rule")
    assert gone["rule"].status is Status.FAILED
    target = dict(part.split("=") for part in gone.fix("rule")[-1].split(","))
    events.put_targets(Rule=RULE, Targets=[target], **which)
    assert ask("rule")["rule"].status is Status.OK


def test_what_nobody_could_read_is_told(governed: Installation, ask: Ask) -> None:
    sqs, url = client(governed, "sqs"), f"{governed.cast.queue_url}-unreadable"
    sqs.send_message(QueueUrl=url, MessageBody="?")
    found = ask("unreadable")
    sqs.purge_queue(QueueUrl=url)
    assert found["unreadable"].status is Status.WARNING
    assert "/guardian-unreadable --max" in found.advice("unreadable")


def test_policies_for_nobody_and_for_places_that_are_not_there_are_told(
    governed: Installation, ask: Ask
) -> None:
    nobody = RESEARCH_POLICY.replace("/Workloads/Data Science/Research", "/Workloads")
    with written(governed, sandbox="", research=""), written(governed, research=nobody):
        pass
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
