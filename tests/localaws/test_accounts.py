"""Who a request is from, and which roles it may assume."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from guardian.localaws.trust import Caller, may_assume
from tests.localaws.conftest import Aws, HttpCall

ROLE = "arn:aws:iam::111111111111:role/hub"
HUB = Caller(
    "111111111111", "arn:aws:sts::111111111111:assumed-role/hub/task", ROLE, "o-1", "o-1/r-1/ou-1/"
)


def trust(principal: object, **condition: Mapping[str, object]) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Statement": [{**statement, "Condition": condition}]}


@pytest.mark.parametrize(
    "policy",
    [
        trust("*"),
        trust({"AWS": "*"}),
        trust({"AWS": "111111111111"}),
        trust({"AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:root"]}),
        trust({"AWS": ROLE}),
        trust({"AWS": "*"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/h?b"}),
        trust({"AWS": "*"}, ArnEquals={"aws:PrincipalArn": [ROLE, "arn:aws:iam::1:role/x"]}),
        trust({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": "o-1"}),
        trust({"AWS": "*"}, StringLike={"AWS:principalArn": "*/hub"}),
        trust("*", **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}}),
    ],
)
def test_a_trust_policy_lets_in_whom_it_names(policy: dict[str, Any]) -> None:
    assert may_assume(policy, HUB)


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": []},
        trust({"AWS": "222222222222"}),
        trust({"AWS": "arn:aws:iam::111111111111:role/other"}),
        trust({"Service": "states.amazonaws.com"}),
        trust("*", ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/other"}),
        trust("*", StringEquals={"aws:PrincipalOrgID": "o-2"}),
        trust("*", StringNotEquals={"aws:PrincipalOrgID": "o-1"}),
        trust("*", StringEquals={"sts:ExternalId": "secret"}),
        trust("*", Bool={"aws:MultiFactorAuthPresent": "true"}),
    ],
)
def test_a_trust_policy_keeps_everybody_else_out(policy: dict[str, Any]) -> None:
    assert not may_assume(policy, HUB)


def test_a_deny_wins_over_an_allow() -> None:
    deny = {"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "sts:*"}
    policy = trust("*")
    assert not may_assume({"Statement": [*policy["Statement"], deny]}, HUB)


def test_an_external_id_is_compared() -> None:
    policy = trust("*", StringEquals={"sts:ExternalId": "secret"})
    assert may_assume(policy, HUB, "secret")


def test_keys_that_nobody_gave_out_are_the_root_user_of_the_management_account(aws: Aws) -> None:
    assert aws("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"


def test_a_member_account_is_entered_through_its_access_role(aws: Aws, member: str) -> None:
    identity = aws("sts", account=member).get_caller_identity()
    assert identity["Account"] == member
    role = f"arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/tests"
    assert identity["Arn"] == role


def test_accounts_see_only_what_is_theirs(aws: Aws, account_named: Callable[[str], str]) -> None:
    one, other = account_named("one"), account_named("other")
    aws("sqs", account=one).create_queue(QueueName="q")
    assert "QueueUrls" in aws("sqs", account=one).list_queues()
    assert "QueueUrls" not in aws("sqs", account=other).list_queues()


def assume(client: Any, account: str, name: str, **options: Any) -> Any:
    arn = f"arn:aws:iam::{account}:role/{name}"
    return client.assume_role(RoleArn=arn, RoleSessionName="tests", **options)


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_role_that_does_not_exist_cannot_be_assumed(aws: Aws, member: str) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as error:
        assume(aws("sts"), member, "nobody")
    assert refused(error) == "AccessDenied"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_member_cannot_enter_another_member(
    aws: Aws, account_named: Callable[[str], str]
) -> None:
    one, other = account_named("one"), account_named("other")
    with pytest.raises(ClientError) as error:
        assume(aws("sts", account=one), other, "OrganizationAccountAccessRole")
    assert refused(error) == "AccessDenied"


def test_a_role_may_trust_the_whole_organization(aws: Aws, member: str) -> None:
    organization = aws("organizations", "us-east-1").describe_organization()["Organization"]["Id"]
    condition = {"aws:PrincipalOrgID": organization}
    policy = json.dumps(trust({"AWS": "*"}, StringEquals=condition))
    aws("iam").create_role(RoleName="open", AssumeRolePolicyDocument=policy)
    assert assume(aws("sts", account=member), "123456789012", "open")["Credentials"]


def test_the_role_of_a_closed_account_cannot_be_assumed(aws: Aws, member: str) -> None:
    aws("organizations", "us-east-1").close_account(AccountId=member)
    with pytest.raises(ClientError) as error:
        assume(aws("sts"), member, "OrganizationAccountAccessRole")
    assert refused(error) == "AccessDenied"


def test_a_chained_session_lasts_an_hour_at_most(aws: Aws, member: str) -> None:
    policy = json.dumps(trust({"AWS": "*"}))
    iam = aws("iam", account=member)
    iam.create_role(RoleName="next", AssumeRolePolicyDocument=policy, MaxSessionDuration=7200)
    assert assume(aws("sts"), member, "next", DurationSeconds=7200)["Credentials"]
    with pytest.raises(ClientError, match="role chaining"):
        assume(aws("sts", account=member), member, "next", DurationSeconds=7200)


def test_a_session_policy_is_accepted_when_it_is_json(aws: Aws, member: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert assume(aws("sts"), member, "OrganizationAccountAccessRole", Policy=policy)
    with pytest.raises(ClientError) as error:
        assume(aws("sts"), member, "OrganizationAccountAccessRole", Policy="{")
    assert refused(error) == "MalformedPolicyDocument"


def test_keys_from_before_a_reset_are_nobodys(aws: Aws, member: str, http: HttpCall) -> None:
    sts = aws("sts", account=member)
    http("POST", "/moto-api/reset")
    with pytest.raises(ClientError) as error:
        sts.get_caller_identity()
    assert refused(error) == "InvalidClientTokenId"
