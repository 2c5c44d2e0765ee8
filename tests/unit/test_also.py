"""What else happens with outcomes: who is told of what, and what an account gets for it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.ids import AccountId, Target
from guardian.kinds import all_kinds
from guardian.localaws.bridges.jsonata import evaluate
from guardian.localaws.events import pattern_syntax, patterns
from guardian.outcome import DETAIL_TYPE, SOURCE, Result
from guardian.policy.changes import changes
from guardian.policy.model import Also, Policy
from guardian.policy.tightness import Change
from guardian.stack.names import resolved
from guardian.stack.template import expected, template
from tests.templates import complaints
from tests.unit.policies import HUB, IRELAND, VIRGINIA, policy, resources
from tests.unit.policy_files import ALSO

GLUE = all_kinds()["glue-session"]
BUS = "arn:aws:events:eu-west-1:444455556666:event-bus/finops"
EACH = (
    Also(email=("team@example.com", "lead@example.com")),
    Also(log="/guardian/outcomes", retention=timedelta(days=30)),
    Also(start="after-stop", outcomes=(Result.STOPPED,), kinds=("glue-session",)),
    Also(bus=BUS),
)
TARGET = Target(AccountId("111122223333"), IRELAND)
PLACE = f"{TARGET.region}:{TARGET.account}"


def having(*also: Also, slug: str = "sandbox") -> Policy:
    return replace(policy(kinds=(GLUE,), slug=slug), also=also)


def outcome(**detail: str) -> dict[str, Any]:
    told = {"policy": "sandbox", "outcome": "stopped", "kind": "glue-session", "id": "one"}
    return {
        "source": SOURCE,
        "detail-type": DETAIL_TYPE,
        "account": TARGET.account,
        "region": TARGET.region,
        "detail": told | detail,
    }


def rules(governed: Policy) -> Mapping[str, Mapping[str, Any]]:
    """The rules for what else is to happen, by name."""
    made = resources(governed, "Events::Rule").values()
    return {rule["Name"]: rule for rule in made if "-also-" in rule["Name"]}


def told(governed: Policy, event: Mapping[str, Any]) -> set[str]:
    """The targets of the rules that the event matches: names, or addresses."""
    found: set[str] = set()
    for rule in rules(governed).values():
        pattern = pattern_syntax.parse(json.dumps(rule["EventPattern"]))
        if patterns.matches(pattern, event):
            arn = rule["Targets"][0]["Arn"]
            found.add(resolved(arn if isinstance(arn, str) else arn["Fn::Sub"], TARGET, "aws"))
    mail = f"arn:aws:states:{PLACE}:stateMachine:guardian-sandbox-mail"
    return (found - {mail}) | (written_to(governed, event) if mail in found else set())


def written_to(governed: Policy, event: Mapping[str, Any]) -> set[str]:
    by_topic = {
        f"arn:aws:sns:{PLACE}:{topic['TopicName']}": topic["Subscription"][0]["Endpoint"]
        for topic in resources(governed, "SNS::Topic").values()
    }
    return {by_topic[arn] for arn in assigned(governed, event)["topics"]}


def assigned(governed: Policy, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the machine that writes mail comes to."""
    text = resources(governed)["AlsoMailMachine"]["DefinitionString"]["Fn::Sub"]
    write = json.loads(resolved(text, TARGET, "aws"))["States"]["Write"]["Assign"]
    states = {"states": {"input": event}}
    return {name: evaluate(said[2:-2], states) for name, said in write.items()}


def wanted(also: Also) -> set[str]:
    """Whom an entry means, as `told` names them."""
    arns = {
        f"arn:aws:logs:{PLACE}:log-group:{also.log}/sandbox": also.log,
        f"arn:aws:states:{PLACE}:stateMachine:{also.start}": also.start,
        also.bus: also.bus,
    }
    return {*also.email, *(arn for arn, name in arns.items() if name)}


@pytest.mark.slow
def test_cfn_lint_has_nothing_to_say_of_all_four() -> None:
    text = template(having(*EACH, Also(log="/other", kinds=("emr-cluster",))), HUB)
    assert complaints(text, IRELAND, VIRGINIA) == []


def test_who_wants_nothing_gets_nothing() -> None:
    plain = resources(having())
    assert not [name for name in plain if name.startswith("Also")]


@given(
    st.lists(ALSO, max_size=4),
    st.sampled_from(Result),
    st.sampled_from(list(all_kinds())),
    st.sampled_from(["sandbox", "other"]),
)
def test_exactly_those_are_told_who_asked_for_such_an_outcome(
    also: list[Also], result: Result, kind: str, slug: str
) -> None:
    event = outcome(outcome=result, kind=kind, policy=slug)
    asked = [a for a in also if result in a.outcomes and (not a.kinds or kind in a.kinds)]
    expected_ones = {who for each in asked for who in wanted(each)} if slug == "sandbox" else set()
    assert told(having(*also), event) == expected_ones


@pytest.mark.parametrize("source", ["aws.glue", "guardian "])
def test_no_other_event_is_an_outcome(source: str) -> None:
    assert told(having(*EACH), outcome() | {"source": source}) == set()


HOSTILE = 'a "quoted" \\ word\nOwner: root\r\u2028\u202e<b>&amp;${AWS::Region} {% 1 %}\x1b[0m'


def test_mail_says_what_happened_a_line_each_whatever_an_id_holds() -> None:
    said = assigned(having(*EACH), outcome(id=HOSTILE, owner="ana", account="forged"))
    lines = said["message"].split("\n")
    names = "outcome kind id account region policy reason owner started at execution"
    assert [line.split(":")[0] for line in lines] == names.split()
    assert lines[2] == 'id: a "quoted" \\ word Owner: root   <b>&amp;${AWS::Region} {% 1 %} [0m'
    assert lines[3] == "account: 111122223333"
    assert said["subject"] == "guardian: stopped glue-session in 111122223333 eu-west-1"


@given(st.text(), st.text())
def test_a_subject_is_what_sns_takes(kind: str, result: str) -> None:
    subject = assigned(having(*EACH), outcome(kind=kind, outcome=result))["subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) < 100


def test_the_events_role_gains_exactly_the_machines_and_the_bus() -> None:
    def allowed(governed: Policy) -> list[tuple[str, Any]]:
        (inline,) = resources(governed)["EventsRole"]["Policies"]
        return [
            (statement["Action"][0], each)
            for statement in inline["PolicyDocument"]["Statement"]
            for each in _listed(statement["Resource"])
        ]

    plain = allowed(having())
    machine = "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:after-stop"
    assert [each for each in allowed(having(*EACH)) if each not in plain] == [
        ("states:StartExecution", {"Ref": "AlsoMailMachine"}),
        ("states:StartExecution", {"Fn::Sub": machine}),
        ("events:PutEvents", BUS),
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_mail_goes_to_the_policys_own_topics_only() -> None:
    (inline,) = resources(having(*EACH))["AlsoMailRole"]["Policies"]
    (statement,) = inline["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["sns:Publish"]
    made = resources(having(*EACH), "SNS::Topic")
    assert [each["Ref"] for each in statement["Resource"]] == sorted(made)


def test_what_cannot_be_delivered_is_kept() -> None:
    for rule in rules(having(*EACH)).values():
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
        assert "InputTransformer" not in target


def test_a_log_group_keeps_for_the_longest_time_that_is_asked_for() -> None:
    entries = [Also(log="/a", retention=timedelta(days=days)) for days in (30, 365, 7)]
    (group,) = resources(having(*entries), "LogGroup").values()
    assert group == {"LogGroupName": "/a/sandbox", "RetentionInDays": 365}


def test_two_policies_share_the_name_of_nothing() -> None:
    def names(slug: str) -> set[str]:
        made = resources(having(*EACH, slug=slug)).values()
        keys = ("Name", "TopicName", "LogGroupName", "PolicyName", "StateMachineName")
        return {str(each[key]) for each in made for key in keys if key in each}

    assert names("sandbox").isdisjoint(names("workloads"))


def test_names_fit_for_the_longest_policy() -> None:
    made = resources(having(*EACH, replace(EACH[1], log="l" * 480), slug="s" * 24)).values()
    limits = {"Name": 64, "TopicName": 256, "LogGroupName": 512, "StateMachineName": 80}
    for key, limit in limits.items():
        assert all(len(each[key]) <= limit for each in made if key in each)


def test_an_address_that_is_added_or_told_less_has_nobody_confirm_again() -> None:
    def topics(*also: Also) -> dict[str, Any]:
        return {**resources(having(*also), "SNS::Topic")}

    before = topics(Also(email=("a@example.com", "b@example.com")))
    after = topics(
        Also(email=("c@example.com",)),
        Also(email=("b@example.com", "a@example.com"), outcomes=(Result.FAILED,)),
    )
    assert before.items() <= after.items()


def test_the_drift_probe_expects_what_the_template_makes() -> None:
    governed = having(*EACH)
    before, after = (expected(each, HUB, TARGET) for each in (having(), governed))
    made = rules(governed)
    role = f"arn:aws:iam::{TARGET.account}:role/guardian-sandbox-eu-west-1-events"
    gained = [rule for rule in after.rules if rule not in before.rules]
    assert {rule.name for rule in gained} == {n for n in made if "-also-log-" not in n}
    for rule in gained:
        arn = made[rule.name]["Targets"][0]["Arn"]
        assert rule.pattern == made[rule.name]["EventPattern"]
        assert rule.target == resolved(
            arn if isinstance(arn, str) else arn["Fn::Sub"], TARGET, "aws"
        )
        assert rule.role == role
    (machine,) = [each for each in after.machines if each not in before.machines]
    text = resources(governed)["AlsoMailMachine"]["DefinitionString"]["Fn::Sub"]
    assert machine.definition == resolved(text, TARGET, "aws")
    assert machine.role == f"arn:aws:iam::{TARGET.account}:role/guardian-sandbox-eu-west-1-mail"


def test_a_change_is_told_and_is_neither_tighter_nor_looser() -> None:
    old, new = having(EACH[0], EACH[3]), having(EACH[3], replace(EACH[2]))
    found = list(changes(old, new))
    assert [(each.setting, each.old, each.new, each.change) for each in found] == [
        ("also", "", "start after-stop on stopped of glue-session", Change.OTHER),
        (
            "also",
            "email team@example.com and lead@example.com on stopped, would_stop, failed",
            "",
            Change.OTHER,
        ),
    ]
