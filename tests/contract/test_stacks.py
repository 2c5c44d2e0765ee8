import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.ids import Target
from guardian.kinds import all_kinds
from guardian.policy.model import Exemption
from guardian.repair import (
    Drift,
    Expected,
    ExpectedMachine,
    ExpectedRole,
    ExpectedRule,
    What,
)
from guardian.stack.template import expected as expected_in
from guardian.stack.template import template
from tests.contract.conftest import in_member
from tests.localaws.conftest import Aws as Boto
from tests.unit.policies import HOSTILE, HUB, policy

DEFINITION: Mapping[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
NAME = "guardian-science-glue-session"


@pytest.fixture
def target(member: str) -> Target:
    return in_member(member)


@pytest.fixture
def expected(target: Target, aws: Boto) -> Expected:
    """A rule and a machine as the member stack makes them, in place."""
    machine = ExpectedMachine(
        NAME,
        f"arn:aws:states:{target.region}:{target.account}:stateMachine:{NAME}",
        json.dumps(DEFINITION, indent=2),
        f"arn:aws:iam::{target.account}:role/guardian-science",
    )
    rule = ExpectedRule(
        NAME,
        {"source": ["aws.glue"], "detail": {"eventName": ["CreateSession"]}},
        machine.arn,
        f"arn:aws:iam::{target.account}:role/guardian-science-events",
        f"arn:aws:sqs:{target.region}:{target.account}:guardian-science-undelivered",
    )
    deploy(aws, target, rule, machine)
    return Expected((rule,), (machine,))


def deploy(aws: Boto, target: Target, rule: ExpectedRule, machine: ExpectedMachine) -> None:
    events = aws("events", account=target.account)
    # Bytes unlike the expected ones, and the same meaning.
    events.put_rule(Name=rule.name, EventPattern=json.dumps(rule.pattern, indent=1))
    put_target(aws, target, rule)
    aws("stepfunctions", account=target.account).create_state_machine(
        name=machine.name, definition=json.dumps(DEFINITION), roleArn=machine.role
    )


def put_target(aws: Boto, target: Target, rule: ExpectedRule, **changed: Any) -> None:
    wanted = {
        "Id": "guardian",
        "Arn": rule.target,
        "RoleArn": rule.role,
        "DeadLetterConfig": {"Arn": rule.undelivered},
    }
    aws("events", account=target.account).put_targets(Rule=NAME, Targets=[wanted | changed])


@pytest.fixture
def governed_stack(target: Target, aws: Boto) -> Expected:
    """The stack of a policy over every kind, as CloudFormation makes it, with text that is hard to bear."""
    exempt = [Exemption(tags={text: text}, id=text, reason=text) for text in HOSTILE]
    of_all = policy(*exempt)
    s3, cloudformation = (aws(name, account=target.account) for name in ("s3", "cloudformation"))
    s3.create_bucket(
        Bucket="templates", CreateBucketConfiguration={"LocationConstraint": target.region}
    )
    s3.put_object(Bucket="templates", Key="all", Body=template(of_all, HUB).encode())
    cloudformation.create_stack(
        StackName="guardian-sandbox",
        TemplateURL=f"https://s3.{target.region}.amazonaws.com/templates/all",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="guardian-sandbox")
    return expected_in(of_all, HUB, target)


def mend(guardian: Aws, expected: Expected, target: Target) -> tuple[Drift, ...]:
    """Mend all drift; answers what drift is left."""
    for drift in guardian.stacks.drift(expected, target):
        guardian.stacks.mend(expected, target, drift)
    return guardian.stacks.drift(expected, target)


def test_what_is_as_it_was_deployed_has_not_drifted(
    guardian: Aws, expected: Expected, target: Target
) -> None:
    assert guardian.stacks.drift(expected, target) == ()


def test_a_disabled_rule_is_seen_and_enabled(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    aws("events", account=target.account).disable_rule(Name=NAME)
    assert guardian.stacks.drift(expected, target) == (Drift(What.RULE_DISABLED, NAME),)
    assert mend(guardian, expected, target) == ()


def test_a_changed_pattern_is_seen_and_put_back_and_the_description_kept(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    events = aws("events", account=target.account)
    events.put_rule(Name=NAME, EventPattern='{"source": ["none"]}', Description="Ours.")
    (drift,) = guardian.stacks.drift(expected, target)
    assert drift == Drift(What.RULE_CHANGED, NAME, "event pattern")
    assert mend(guardian, expected, target) == ()
    assert events.describe_rule(Name=NAME)["Description"] == "Ours."


def test_a_rule_without_its_target_is_seen_and_gets_it_back(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    aws("events", account=target.account).remove_targets(Rule=NAME, Ids=["guardian"])
    assert guardian.stacks.drift(expected, target) == (Drift(What.RULE_CHANGED, NAME, "target"),)
    assert mend(guardian, expected, target) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"Arn": "arn:aws:states:eu-west-1:111122223333:stateMachine:other"},
        {"RoleArn": "arn:aws:iam::111122223333:role/other"},
        {"Input": "{}"},
        {"DeadLetterConfig": {}},
    ],
)
def test_a_target_that_was_tampered_with_is_seen_and_replaced(
    guardian: Aws, expected: Expected, target: Target, aws: Boto, changed: dict[str, Any]
) -> None:
    put_target(aws, target, expected.rules[0], **changed)
    assert guardian.stacks.drift(expected, target) == (Drift(What.RULE_CHANGED, NAME, "target"),)
    assert mend(guardian, expected, target) == ()
    targets = aws("events", account=target.account).list_targets_by_rule(Rule=NAME)["Targets"]
    assert [(t["Id"], t["Arn"]) for t in targets] == [("guardian", expected.rules[0].target)]


def test_a_target_that_a_team_added_is_theirs(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    queue = f"arn:aws:sqs:eu-west-1:{target.account}:audit"
    aws("events", account=target.account).put_targets(
        Rule=NAME, Targets=[{"Id": "audit", "Arn": queue}]
    )
    assert guardian.stacks.drift(expected, target) == ()


def test_a_missing_rule_is_seen_and_made_anew(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    events = aws("events", account=target.account)
    events.remove_targets(Rule=NAME, Ids=["guardian"])
    events.delete_rule(Name=NAME)
    assert guardian.stacks.drift(expected, target) == (Drift(What.RULE_MISSING, NAME),)
    assert mend(guardian, expected, target) == ()


def test_a_changed_machine_is_seen_and_put_back(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    aws("stepfunctions", account=target.account).update_state_machine(
        stateMachineArn=expected.machines[0].arn,
        definition=json.dumps({**DEFINITION, "Comment": "does nothing any more"}),
        roleArn=f"arn:aws:iam::{target.account}:role/other",
    )
    (drift,) = guardian.stacks.drift(expected, target)
    assert drift == Drift(What.MACHINE_CHANGED, NAME, "definition, role")
    assert mend(guardian, expected, target) == ()


def test_a_missing_machine_is_made_anew_under_its_name(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    machine = expected.machines[0]
    aws("stepfunctions", account=target.account).delete_state_machine(stateMachineArn=machine.arn)
    assert guardian.stacks.drift(expected, target) == (Drift(What.MACHINE_MISSING, NAME),)
    assert mend(guardian, expected, target) == ()


def test_mending_one_thing_leaves_the_rest_alone(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    aws("events", account=target.account).disable_rule(Name=NAME)
    guardian.stacks.mend(expected, target, Drift(What.MACHINE_CHANGED, NAME))
    assert guardian.stacks.drift(expected, target) == (Drift(What.RULE_DISABLED, NAME),)


def test_a_queue_that_is_not_expected_is_not_looked_at(
    guardian: Aws, expected: Expected, target: Target
) -> None:
    without = replace(expected.rules[0], undelivered="")
    assert guardian.stacks.drift(replace(expected, rules=(without,)), target) == ()


def test_the_stack_that_cloudformation_makes_of_a_template_has_not_drifted(
    guardian: Aws, governed_stack: Expected, target: Target, aws: Boto
) -> None:
    assert guardian.stacks.drift(governed_stack, target) == ()
    states = aws("stepfunctions", account=target.account)
    for machine in governed_stack.machines:
        there = states.describe_state_machine(stateMachineArn=machine.arn)
        assert (there["definition"], there["roleArn"]) == (machine.definition, machine.role)
    assert len({machine.role for machine in governed_stack.machines}) == len(all_kinds())


def test_each_machine_gets_the_role_of_its_own_kind_back(
    guardian: Aws, governed_stack: Expected, target: Target, aws: Boto
) -> None:
    first, second, third, *_ = governed_stack.machines
    states = aws("stepfunctions", account=target.account)
    states.update_state_machine(stateMachineArn=first.arn, roleArn=second.role)
    states.delete_state_machine(stateMachineArn=third.arn)
    assert guardian.stacks.drift(governed_stack, target) == (
        Drift(What.MACHINE_CHANGED, first.name, "role"),
        Drift(What.MACHINE_MISSING, third.name),
    )
    assert mend(guardian, governed_stack, target) == ()
    found = states.describe_state_machine(stateMachineArn=third.arn)
    assert found["roleArn"] == third.role


def with_role(expected: Expected, role: str = "guardian-science-eu-west-1-events") -> Expected:
    trust: Mapping[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    return replace(expected, roles=(ExpectedRole(role, trust, {}),))


def test_a_role_that_is_not_there_is_missing_until_what_was_learned_is_forgotten(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    asked = with_role(expected)
    (role,) = asked.roles
    missing = (Drift(What.ROLE_MISSING, role.name),)
    assert guardian.stacks.drift(asked, target) == missing
    trust = json.dumps(role.trust)
    iam = aws("iam", account=target.account)
    iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=trust)
    assert guardian.stacks.drift(asked, target) == missing  # IAM was not asked again
    guardian.stacks.forget()
    assert guardian.stacks.drift(asked, target) == ()


def test_a_role_and_a_rule_of_no_stack_are_seen(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    asked = with_role(expected)
    for name in (asked.roles[0].name, "guardian-old-eu-west-1-events", "guardian-old-eu-west-2-x"):
        trust = json.dumps(asked.roles[0].trust)
        iam = aws("iam", account=target.account)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    events = aws("events", account=target.account)
    for name in ("guardian-old-forward", "guardian-log", "guardians"):
        events.put_rule(Name=name, EventPattern='{"source": ["aws.glue"]}')
    spared = replace(asked, spared=frozenset({"guardian-log"}))
    assert guardian.stacks.drift(spared, target) == (
        Drift(What.LEFT_BEHIND, "guardian-old-eu-west-1-events", "role"),
        Drift(What.LEFT_BEHIND, "guardian-old-forward", "rule"),
    )


def test_a_queue_with_events_in_it_is_told_with_their_number(
    guardian: Aws, expected: Expected, target: Target, aws: Boto
) -> None:
    asked = replace(expected, queue="guardian-science-undelivered")
    assert guardian.stacks.drift(asked, target) == (Drift(What.QUEUE_MISSING, asked.queue),)
    sqs = aws("sqs", account=target.account)
    url = sqs.create_queue(QueueName=asked.queue)["QueueUrl"]
    assert guardian.stacks.drift(asked, target) == ()
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="{}")
    sqs.receive_message(QueueUrl=url)
    assert guardian.stacks.drift(asked, target) == (
        Drift(What.UNDELIVERED, asked.queue, "3 in it"),
    )
    sqs.delete_queue(QueueUrl=url)
    assert guardian.stacks.drift(asked, target) == (Drift(What.QUEUE_MISSING, asked.queue),)
