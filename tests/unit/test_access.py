"""The member role: what guardian may do in a governed account, and nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from guardian.kinds import all_kinds
from guardian.policy.model import Mode, Policy
from guardian.stack.access import access_template, member_calls
from tests.unit.policies import HUB, policy

LIST_AND_LOOK = {
    "glue:ListSessions",
    "glue:GetSession",
    "glue:GetTags",
    "sagemaker:ListNotebookInstances",
    "sagemaker:DescribeNotebookInstance",
    "sagemaker:ListTags",
    "elasticmapreduce:ListClusters",
    "elasticmapreduce:DescribeCluster",
    "elasticmapreduce:ListInstanceGroups",
    "cloudwatch:GetMetricData",
    "cloudtrail:LookupEvents",
}
STOP = {"glue:StopSession", "sagemaker:StopNotebookInstance", "elasticmapreduce:TerminateJobFlows"}
PROBE = {"events:DescribeRule", "events:ListTargetsByRule", "states:DescribeStateMachine"}
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
)


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


def test_a_policy_that_stops_grants_listing_looking_stopping_probing_and_mending() -> None:
    assert allowed(policy()) == LIST_AND_LOOK | STOP | PROBE | MEND


def test_policies_that_observe_grant_no_stop() -> None:
    assert allowed(policy(mode=Mode.OBSERVE)) == LIST_AND_LOOK | PROBE | MEND


def test_one_policy_that_stops_is_enough() -> None:
    observing, stopping = policy(mode=Mode.OBSERVE), policy(slug="other")
    assert allowed(observing, stopping) >= STOP


def test_only_governed_kinds_are_looked_at() -> None:
    (glue, *_) = [kind for key, kind in all_kinds().items() if key == "glue-session"]
    granted = allowed(policy(kinds=(glue,)))
    assert not [action for action in granted if action.startswith(("sagemaker", "elasticmap"))]


@pytest.mark.parametrize("action", sorted(LIST_AND_LOOK | STOP | PROBE | MEND))
def test_every_action_exists(action: str) -> None:
    service, name = action.split(":")
    assert get_action_data(service, name)


@pytest.mark.parametrize("action", sorted(PROBE | MEND))
def test_probing_and_mending_reach_only_what_is_guardians(action: str) -> None:
    (resource,) = resources_of(action, policy())
    assert resource in OURS


@pytest.mark.parametrize("action", sorted(STOP))
def test_a_stop_reaches_only_resources_of_its_kind_in_the_account_itself(action: str) -> None:
    (resource,) = resources_of(action, policy())
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
