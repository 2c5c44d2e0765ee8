"""Every role that guardian has or makes, against IAM's own tables: real actions, resources they know, nothing wider."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.localaws.cloudformation.template import parse
from guardian.policy.model import Mode
from guardian.stack.access import access_template
from guardian.stack.template import template
from tests.unit.policies import HUB, policy
from tests.unit.policy_lint import listed, meet, objections, statements

DEPLOY = Path(__file__).parents[2] / "deploy"
TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "hub.yaml": parse((DEPLOY / "hub.yaml").read_text("utf-8")),
    "management.yaml": parse((DEPLOY / "management.yaml").read_text("utf-8")),
    "access": json.loads(access_template([policy()], HUB)),
    "stop": json.loads(template(policy(), HUB)),
    "observe": json.loads(template(policy(mode=Mode.OBSERVE), HUB)),
}
ON_EVERYTHING = {
    "account:ListRegions": "asked of every account of the organization; it only reads",
    "organizations:ListAccountsForParent": "the whole tree is read; OUs come and go",
    "organizations:ListOrganizationalUnitsForParent": "the whole tree is read; OUs come and go",
    "cloudformation:DescribeStacks": "without a name it lists all stacks, and asks for the right to all",
    "glue:GetTags": "among what has tags IAM's table knows no sessions",
}
"""What is allowed on all resources though IAM could narrow it, and why."""


every_template = pytest.mark.parametrize("name", TEMPLATES)


def said_of(name: str) -> set[tuple[str, str]]:
    """What is to be said against a template, each with the role."""
    made = TEMPLATES[name]
    found = statements(made)
    return {(role, text) for role, each in found for text in objections(each, made["Resources"])}


@every_template
def test_roles_name_real_actions_on_what_they_know_and_no_more(name: str) -> None:
    excused = {f"{action} is allowed on everything" for action in ON_EVERYTHING}
    assert {each for each in said_of(name) if each[1] not in excused} == set()


@every_template
def test_no_role_is_allowed_a_family_of_actions(name: str) -> None:
    for role, statement in statements(TEMPLATES[name]):
        assert not {"NotAction", "NotResource"} & set(statement), role
        if statement["Effect"] == "Allow":
            assert not [action for action in listed(statement["Action"]) if "*" in action], role


def test_no_exception_is_left_over() -> None:
    said = {text for name in TEMPLATES for _, text in said_of(name)}
    assert {f"{action} is allowed on everything" for action in ON_EVERYTHING} <= said


def test_the_exceptions_are_explained() -> None:
    page = (DEPLOY.parent / "docs" / "explanation" / "security.md").read_text("utf-8")
    assert [action for action in ON_EVERYTHING if f"`{action}`" not in page] == []


def trusts() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, made in TEMPLATES.items():
        for role, resource in made["Resources"].items():
            if resource["Type"] == "AWS::IAM::Role":
                document = resource["Properties"]["AssumeRolePolicyDocument"]
                yield from ((f"{name} {role}", each) for each in document["Statement"])


def test_no_role_trusts_everybody() -> None:
    for name, trust in trusts():
        ((kind, who),) = trust["Principal"].items()
        assert kind in {"Service", "AWS"}, name
        assert who != "*", name


def test_who_comes_from_another_account_must_be_guardian_of_this_organization() -> None:
    (member,) = TEMPLATES["access"]["Resources"].values()
    management = TEMPLATES["management.yaml"]["Resources"]["Role"]
    for role in (member, management):
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        asked = {key for test in trust["Condition"].values() for key in test}
        assert asked == {"aws:PrincipalArn", "aws:PrincipalOrgID"}


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("glue:StopSesion", "*", "glue:StopSesion is no action"),
        ("sqs:DeleteMessage", "*", "sqs:DeleteMessage is allowed on everything"),
        ("ce:GetCostAndUsage", "*", None),
        ("sqs:DeleteMessage", "arn:aws:sqs:*:*:guardian", None),
        (
            "sqs:DeleteMessage",
            "arn:aws:s3:::guardian/*",
            "sqs:DeleteMessage knows nothing like",
        ),
        ("sqs:DeleteMessage", {"Fn::GetAtt": ["Queue", "Arn"]}, None),
        ("s3:PutObject", {"Fn::GetAtt": "Queue.Arn"}, "s3:PutObject knows nothing like"),
    ],
)
def test_the_lint_itself(action: str, resource: Any, said: str | None) -> None:
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}}
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    found = list(objections(statement, resources))
    assert any(text.startswith(said) for text in found) if said else found == []


@given(st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_patterns_meet_where_one_holds_for_the_other(pattern: str, text: str) -> None:
    assert meet(pattern, text) == meet(text, pattern) == fnmatchcase(text, pattern)


@given(st.text("ab*", max_size=6), st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_patterns_that_hold_for_the_same_meet(one: str, other: str, text: str) -> None:
    if meet(one, text) and meet(other, text):
        assert meet(one, other)
