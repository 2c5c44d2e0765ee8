"""The member role: what guardian may do in a governed account, and nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.policy.model import Mode, Policy
from guardian.stack.access import access_template, member_calls
from tests.unit.policies import HUB, policy

LOOK = {
    "athena-session": {
        "athena:ListWorkGroups",
        "athena:ListSessions",
        "athena:GetSession",
        "athena:ListTagsForResource",
    },
    "emr-cluster": {
        "elasticmapreduce:ListClusters",
        "elasticmapreduce:DescribeCluster",
        "elasticmapreduce:ListInstanceGroups",
        "cloudwatch:GetMetricData",
    },
    "glue-session": {"glue:ListSessions", "glue:GetSession", "glue:GetTags"},
}
"""What the sweep asks of some kinds; those of the others follow from their declarations in the same way."""
PROBE = {
    "events:DescribeRule",
    "events:ListTargetsByRule",
    "states:DescribeStateMachine",
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
}
LISTINGS = {"events:ListRules", "iam:GetAccountAuthorizationDetails", "cloudtrail:DescribeTrails"}
"""What the probe reads and IAM cannot narrow."""
TRAILS = {"cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"}
MEND = {
    "events:PutRule",
    "events:PutTargets",
    "states:UpdateStateMachine",
    "states:CreateStateMachine",
    "iam:PassRole",
}
OURS = (
    "arn:${AWS::Partition}:events:*:${AWS::AccountId}:rule/guardian-*",
    "arn:${AWS::Partition}:states:*:${AWS::AccountId}:stateMachine:guardian-*",
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/guardian-*",
    "arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:guardian-*",
)


KINDS = all_kinds()
KEEP = {kind.keep.permission for kind in KINDS.values() if kind.keep}
STOP = {kind.stop.permission for kind in KINDS.values()}
ALL = {call.permission for call in member_calls([policy()])}


def role(*policies: Policy) -> Mapping[str, Any]:
    (made,) = json.loads(access_template(policies, HUB))["Resources"].values()
    properties: Mapping[str, Any] = made["Properties"]
    return properties


def statements(*policies: Policy) -> Iterable[Mapping[str, Any]]:
    (inline,) = role(*policies)["Policies"]
    content: Iterable[Mapping[str, Any]] = inline["PolicyDocument"]["Statement"]
    return content


def allowed(*policies: Policy) -> set[str]:
    assert all(statement["Effect"] == "Allow" for statement in statements(*policies))
    return {action for statement in statements(*policies) for action in statement["Action"]}


def resources_of(action: str, *policies: Policy) -> Iterator[str]:
    for statement in statements(*policies):
        if action in statement["Action"]:
            where = statement["Resource"]
            yield where if isinstance(where, str) else where["Fn::Sub"]


def test_a_policy_that_stops_grants_what_the_sweep_calls_besides_probing_and_mending() -> None:
    probing = PROBE | LISTINGS | TRAILS
    assert allowed(policy()) == ALL | KEEP | {"cloudtrail:LookupEvents"} | probing | MEND
    assert ALL > STOP


def test_policies_that_observe_grant_neither_a_stop_nor_a_tag() -> None:
    assert allowed(policy()) - allowed(policy(mode=Mode.OBSERVE)) == STOP | KEEP


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_one_tag_that_may_be_written_is_the_one_that_keeps_alive(kind: Kind) -> None:
    assert kind.keep
    (statement,) = [
        each
        for each in statements(policy(kinds=(kind,)))
        if kind.keep.permission in each["Action"]
    ]
    assert statement["Action"] == [kind.keep.permission]
    assert statement["Resource"]["Fn::Sub"].startswith("arn:${AWS::Partition}:")
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["guardian:keep-until"]},
        "Null": {"aws:TagKeys": "false"},
    }
    service, name = kind.keep.permission.split(":")
    forms = get_action_data(service, name)[service]
    assert any("aws:TagKeys" in each["condition_keys"] for each in forms)


def test_one_policy_that_stops_is_enough() -> None:
    observing, stopping = policy(mode=Mode.OBSERVE), policy(slug="other")
    assert allowed(observing, stopping) >= STOP


@pytest.mark.parametrize("key", LOOK)
def test_a_kind_grants_its_own_looks_and_nothing_else(key: str) -> None:
    observing = policy(kinds=(KINDS[key],), mode=Mode.OBSERVE)
    assert {call.permission for call in member_calls([observing])} == LOOK[key]


def test_metrics_are_read_only_where_a_rule_asks_for_idleness() -> None:
    cluster = policy(kinds=(KINDS["emr-cluster"],))
    (rule,) = cluster.rules
    asks_not = replace(cluster, rules=(replace(rule, idle=None),))
    metrics = {"cloudwatch:GetMetricData"}
    assert allowed(cluster) - allowed(asks_not) == metrics
    others = tuple(kind for key, kind in KINDS.items() if key != "emr-cluster")
    assert not allowed(policy(kinds=others)) & metrics


@pytest.mark.parametrize(
    "action", sorted({"cloudtrail:LookupEvents"} | PROBE | LISTINGS | TRAILS | MEND)
)
def test_every_action_exists(action: str) -> None:
    service, name = action.split(":")
    assert get_action_data(service, name)


@pytest.mark.parametrize("action", sorted(PROBE | MEND))
def test_probing_and_mending_reach_only_what_is_guardians(action: str) -> None:
    (resource,) = resources_of(action, policy())
    assert resource in OURS


@pytest.mark.parametrize("action", sorted(LISTINGS))
def test_only_reads_that_iam_cannot_narrow_are_not_narrowed(action: str) -> None:
    assert list(resources_of(action, policy())) == ["*"]
    service, name = action.split(":")
    (described,) = get_action_data(service, name)[service]
    assert described["resource_arn_format"] == "*"
    assert described["access_level"] in {"List", "Read"}


def test_nothing_is_written_in_iam() -> None:
    assert {a for a in allowed(policy()) if a.startswith("iam:")} == {
        "iam:GetAccountAuthorizationDetails",
        "iam:PassRole",
    }


def test_trails_are_read_in_the_account_that_has_them() -> None:
    for action in TRAILS:
        assert list(resources_of(action, policy())) == [
            "arn:${AWS::Partition}:cloudtrail:*:*:trail/*"
        ]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_stop_reaches_only_resources_of_its_kind_in_the_account_itself(kind: Kind) -> None:
    (resource,) = resources_of(kind.stop.permission, policy(kinds=(kind,)))
    assert resource.startswith("arn:${AWS::Partition}:")
    assert ":*:${AWS::AccountId}:" in resource


def test_only_the_hub_may_assume_the_role_and_only_from_the_organization() -> None:
    (statement,) = role(policy())["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {
        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::999999999999:root"}
    }
    assert statement["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": HUB.principal},
        "StringEquals": {"aws:PrincipalOrgID": HUB.organization},
    }
    assert statement["Action"] == "sts:AssumeRole"


def test_the_role_allows_every_call_the_sweep_makes() -> None:
    assert {call.permission for call in member_calls([policy()])} <= allowed(policy())
