"""Roles as IAM tells of them, compared with what the template says."""

from dataclasses import replace

import pytest

from guardian.aws.member_roles import Role, drift_of_roles, meaning
from guardian.documents import Json
from guardian.repair import Drift, ExpectedRole, What

TRUST: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}],
}
GRANT: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*"}],
}
WANTED = ExpectedRole("guardian-a", TRUST, {"guardian": GRANT})
AS_DEPLOYED = Role(TRUST, {"guardian": GRANT})


def drift(role: Role) -> list[Drift]:
    return list(drift_of_roles([WANTED], {"guardian-a": role, "guardian-b": role}))


def test_a_role_as_it_was_deployed_has_not_drifted() -> None:
    assert drift(AS_DEPLOYED) == []


def test_a_role_that_is_gone_is_missing() -> None:
    assert list(drift_of_roles([WANTED], {})) == [Drift(What.ROLE_MISSING, "guardian-a")]


@pytest.mark.parametrize(
    ("role", "detail"),
    [
        (replace(AS_DEPLOYED, trust={}), "who may assume it"),
        (replace(AS_DEPLOYED, policies={"guardian": TRUST}), "inline policy guardian"),
        (Role({}, {}), "who may assume it, inline policy guardian"),
    ],
)
def test_a_role_that_was_changed_says_in_what(role: Role, detail: str) -> None:
    assert drift(role) == [Drift(What.ROLE_CHANGED, "guardian-a", detail)]


def test_what_others_gave_to_it_is_told_apart() -> None:
    given = Role(TRUST, {"guardian": GRANT, "extra": GRANT}, ("ReadOnlyAccess",))
    take_away = "take away: ReadOnlyAccess, extra"
    assert drift(given) == [Drift(What.ROLE_EXTENDED, "guardian-a", take_away)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Action": ["a:B"]}, {"Action": "a:B"}),
        ({"Action": ["a:C", "a:B"]}, {"Action": ["a:B", "a:C"]}),
        ({"Statement": [{"Action": "a:B"}]}, {"Statement": {"Action": "a:B"}}),
    ],
)
def test_policies_that_allow_the_same_are_the_same(one: Json, other: Json) -> None:
    assert meaning(one) == meaning(other)


def test_policies_that_allow_more_are_not() -> None:
    assert meaning({"Action": ["a:B", "a:C"]}) != meaning({"Action": "a:B"})
    assert meaning({"Condition": {"Bool": {"k": "true"}}}) != meaning({"Condition": {}})
