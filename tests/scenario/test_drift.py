"""Whatever somebody does to guardian's things in an account, one look finds it, and puts it right or tells of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.ids import Slug, Target
from guardian.jobs.detect import detect_once
from guardian.jobs.reconcile import IN_THE_WAY, plan_once
from guardian.outcome import About, Finding
from guardian.plan import Action
from guardian.stack import names
from tests.scenario.conftest import Installation, calls, eventually, forget_calls

KIND = "glue-session"
RULE = f"guardian-sandbox-{KIND}"
ROLE = f"guardian-sandbox-{HOME}-{KIND}"
QUEUE = names.undelivered_queue(Slug("sandbox"))
NOTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
MOST_CALLS = 12
Tamper = Callable[[Installation], None]

pytestmark = pytest.mark.slow


def client(installation: Installation, service: str, who: str = "ana") -> Any:
    return installation.cast.person("admin", who).client(service)


def machine(installation: Installation, who: str = "ana") -> str:
    return f"arn:aws:states:{HOME}:{installation.cast.accounts[who]}:stateMachine:{RULE}"


def planned(installation: Installation) -> list[tuple[Action, str]]:
    return [(change.action, change.reason) for change in installation.plan().changes]


def told(installation: Installation, since: int = 0) -> list[Finding]:
    return [f for f in installation.findings()[since:] if f.about is About.DRIFT]


def settle(installation: Installation) -> list[Finding]:
    """Apply; answers what was found that was not known before."""
    before = len(installation.findings())
    assert installation.apply().failed == ()
    return told(installation, before)


def disabled_rule(governed: Installation) -> None:
    client(governed, "events").disable_rule(Name=RULE)


def deleted_rule(governed: Installation) -> None:
    events = client(governed, "events")
    events.remove_targets(Rule=RULE, Ids=["guardian"])
    events.delete_rule(Name=RULE)


def edited_machine(governed: Installation) -> None:
    nothing = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    client(governed, "stepfunctions").update_state_machine(
        stateMachineArn=machine(governed), definition=json.dumps(nothing)
    )


def deleted_machine(governed: Installation) -> None:
    client(governed, "stepfunctions").delete_state_machine(stateMachineArn=machine(governed))


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (disabled_rule, f"rule disabled: {RULE}"),
        (deleted_rule, f"rule missing: {RULE}"),
        (edited_machine, f"state machine changed: {RULE} (definition)"),
        (deleted_machine, f"state machine missing: {RULE}"),
    ],
)
def test_what_guardian_may_write_is_put_right_in_place_and_once(
    governed: Installation, tamper: Tamper, reason: str
) -> None:
    stacks = stack_ids(governed)
    tamper(governed)
    assert planned(governed) == [(Action.REPAIR, reason)]
    assert [(f.reason, f.mended) for f in settle(governed)] == [(reason, True)]
    assert planned(governed) == []
    assert stack_ids(governed) == stacks


def changed_policy(governed: Installation) -> None:
    client(governed, "iam").put_role_policy(
        RoleName=ROLE, PolicyName="guardian", PolicyDocument=json.dumps(NOTHING)
    )


def changed_trust(governed: Installation) -> None:
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [anybody]}
    client(governed, "iam").update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=json.dumps(document)
    )


def deleted_role(governed: Installation) -> None:
    iam = client(governed, "iam")
    iam.delete_role_policy(RoleName=ROLE, PolicyName="guardian")
    iam.delete_role(RoleName=ROLE)


def deleted_queue(governed: Installation) -> None:
    sqs = client(governed, "sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])


def deleted_stack(governed: Installation) -> None:
    (stack,) = stack_ids(governed)
    client(governed, "cloudformation").delete_stack(StackName=stack)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (changed_policy, f"role changed: {ROLE} (inline policy guardian)"),
        (changed_trust, f"role changed: {ROLE} (who may assume it)"),
        (deleted_role, f"role missing: {ROLE}"),
        (deleted_queue, f"queue missing: {QUEUE}"),
        (deleted_stack, "role missing: "),
    ],
)
def test_what_guardian_may_not_write_is_made_anew_by_cloudformation_and_once(
    governed: Installation, tamper: Tamper, reason: str
) -> None:
    (before,) = stack_ids(governed)
    elsewhere = stack_ids(governed, "ben")
    tamper(governed)
    (gone, why), (made, again) = planned(governed)
    assert (gone, made) == (Action.DELETE_INSTANCE, Action.CREATE_INSTANCE)
    assert why == again
    assert why.startswith(f"drifted, to be made anew: {reason}")
    assert [(f.reason, f.mended) for f in settle(governed)] == [(why, True)]
    assert planned(governed) == []
    (after,) = stack_ids(governed)
    assert after != before
    assert stack_ids(governed, "ben") == elsewhere


def stack_ids(installation: Installation, who: str = "ana") -> list[str]:
    """The stacks of the sandbox's policy that stand in an account."""
    pages = client(installation, "cloudformation", who).get_paginator("describe_stacks").paginate()
    return [
        stack["StackId"]
        for page in pages
        for stack in page["Stacks"]
        if "StackSet-guardian-sandbox-" in stack["StackName"]
        and stack["StackStatus"] != "DELETE_COMPLETE"
    ]


def test_what_others_gave_to_a_role_is_told_and_nothing_is_made_anew(
    governed: Installation,
) -> None:
    iam = client(governed, "iam")
    iam.put_role_policy(RoleName=ROLE, PolicyName="audit", PolicyDocument=json.dumps(NOTHING))
    assert planned(governed) == []
    reason = f"role has more than guardian gave it: {ROLE} (take away: audit)"
    assert [(f.reason, f.mended) for f in settle(governed)] == [(reason, False)]
    iam.delete_role_policy(RoleName=ROLE, PolicyName="audit")
    assert settle(governed) == []


def test_an_event_that_could_not_be_delivered_is_told(governed: Installation) -> None:
    sqs = client(governed, "sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (finding,) = settle(governed)
    assert finding.reason.startswith(f"undelivered events: {QUEUE} (1 in it); ")
    assert (finding.mended, finding.target) == (False, at(governed, "ana"))
    sqs.purge_queue(QueueUrl=url)
    assert settle(governed) == []


def at(installation: Installation, who: str) -> Target:
    (found,) = [
        instance.target
        for stack_set in installation.open().aws.stack_sets.observe()
        if stack_set.name in {"guardian-sandbox", "guardian-research"}
        for instance in stack_set.instances
        if instance.target.account == installation.cast.accounts[who]
    ]
    return found


def test_a_region_in_which_no_trail_logs_is_told(governed: Installation) -> None:
    place = {"account": governed.cast.accounts["ravi"], "region": HOME}
    governed.cast.aws.post("/localaws/trail", {"logging": False, **place})
    (finding,) = settle(governed)
    assert finding.target == at(governed, "ravi")
    assert finding.reason.startswith(f"no trail tells what starts: {HOME} (no trail logs there); ")
    governed.cast.aws.post("/localaws/trail", {"logging": True, **place})
    assert settle(governed) == []


def test_what_another_stack_left_behind_is_told_and_left_alone(governed: Installation) -> None:
    events = client(governed, "events")
    rule = "guardian-former-glue-session"
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["aws.glue"]}))
    (finding,) = settle(governed)
    assert finding.reason.startswith(f"left behind by another stack: rule {rule}; ")
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"
    events.delete_rule(Name=rule)


def test_one_thing_that_may_not_be_read_hides_no_other(governed: Installation) -> None:
    fault = {"service": "iam", "operation": "GetAccountAuthorizationDetails", "times": 1}
    account, rule = governed.cast.accounts["ravi"], "guardian-research-glue-session"
    denied = {"error": "AccessDenied", "status": 403, "account": account}
    governed.cast.aws.post("/localaws/faults", fault | denied)
    client(governed, "events", "ravi").disable_rule(Name=rule)
    before = len(governed.findings())
    assert governed.apply().failed == ()
    found = {f.about: f.reason for f in governed.findings()[before:]}
    assert found[About.DRIFT] == f"rule disabled: {rule}"
    assert found[About.ACCESS].startswith("cannot be looked at: roles (iam:GetAccount")
    assert settle(governed) == []


def test_a_stack_that_was_kept_is_in_the_way_of_another_until_somebody_deletes_it(
    governed: Installation,
) -> None:
    (kept,) = stack_ids(governed, "ben")
    clients = governed.open().aws.clients
    root = next(ou for path, ou in governed.cast.ous.items() if path == "/")
    clients.call(
        clients.hub,
        "cloudformation",
        "DeleteStackInstances",
        StackSetName="guardian-sandbox",
        Regions=[HOME],
        RetainStacks=True,
        DeploymentTargets={
            "OrganizationalUnitIds": [root],
            "Accounts": [governed.cast.accounts["ben"]],
            "AccountFilterType": "INTERSECTION",
        },
    )
    eventually(lambda: not any(s.busy for s in governed.open().aws.stack_sets.observe()))
    ((_, why),) = governed.apply().failed
    assert "already exists" in why
    finding = governed.findings()[-1]
    assert finding.target == at(governed, "ben")
    assert finding.reason.endswith(IN_THE_WAY)
    client(governed, "cloudformation", "ben").delete_stack(StackName=kept)
    settle(governed)
    assert planned(governed) == []


def test_cloudformation_sees_what_the_probe_does_not_compare(governed: Installation) -> None:
    sqs = client(governed, "sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    assert planned(governed) == []
    guardian, before = governed.open(), len(governed.findings())
    found = detect_once(
        guardian.aws.detection, ["guardian-sandbox"], guardian.journal, guardian.now()
    )
    assert (found.stack_sets, found.drifted, found.waiting) == (("guardian-sandbox",), 1, ())
    (finding,) = told(governed, before)
    assert finding.target == at(governed, "ana")
    assert finding.reason.startswith("CloudFormation sees drift: AWS::SQS::Queue ")
    assert "/MessageRetentionPeriod" in finding.reason
    assert planned(governed) == []
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "1209600"})


def test_a_stack_set_that_is_at_work_is_detected_another_time(governed: Installation) -> None:
    guardian = governed.open()
    clients = guardian.aws.clients
    clients.call(
        clients.hub,
        "cloudformation",
        "DetectStackSetDrift",
        StackSetName="guardian-sandbox",
    )
    found = detect_once(
        guardian.aws.detection, ["guardian-sandbox"], guardian.journal, guardian.now()
    )
    assert found.waiting == ("guardian-sandbox",)
    eventually(lambda: not any(s.busy for s in guardian.aws.stack_sets.observe()))


def test_a_daemon_asks_an_account_and_region_for_no_more_than_twelve_things(
    governed: Installation,
) -> None:
    aws, ana = governed.cast.aws, governed.cast.accounts["ana"]
    guardian = governed.open()
    guardian.aws.stacks.take_turns()
    world = guardian.world()
    fleet, counts = guardian.fleet(world.organization), []
    for _ in range(3):
        forget_calls(aws)
        plan_once(fleet, world.governance, world.organization, guardian.brakes, guardian.now())
        counts.append(sum(c["count"] for c in calls(aws) if c["account"] == ana))
    assert counts[0] > MOST_CALLS
    assert max(counts[1:]) <= MOST_CALLS
