import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from guardian.aws.connect import Aws
from guardian.ids import Target
from guardian.repair import Drift, Expected, ExpectedMachine, ExpectedRule, What
from tests.contract.conftest import in_member
from tests.localaws.conftest import Aws as Boto

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
