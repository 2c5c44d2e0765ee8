"""How an installation is examined: in which order, what policies let in, which accounts are seen; how it is shown."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from guardian.doctor import Check, Examined, Finding, Status, examine, failed, ok, warning
from guardian.doctor.documents import (
    lets_anybody_in,
    lets_eventbridge_in,
    lets_organization_in,
    selects,
)
from guardian.doctor.sample import named, sample
from guardian.errors import AccessDenied, GuardianError, Refused, Unavailable
from guardian.ids import AccountId, OuPath
from guardian.organization import Account, AccountState
from guardian.terminal.doctor import print_examined, summary

ORGANIZATION = "o-exampleorgid"
OURS: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "events:PutEvents",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
}


def raising(error: GuardianError) -> Iterator[Finding]:
    yield from ()
    raise error


def named_check(name: str, *findings: Finding, needs: tuple[str, ...] = ()) -> Check:
    return Check(name, lambda: findings, needs)


def test_what_needs_a_failed_check_is_not_made_and_says_why() -> None:
    never = Check("c", lambda: pytest.fail("it was made"), ("b",))
    checks = [named_check("a", failed("no")), named_check("b", ok("yes"), needs=("a",)), never]
    a, b, c = examine(checks)
    assert a.status is Status.FAILED
    assert b.findings == (Finding(Status.NOT_CHECKED, "not checked because of a"),)
    assert c.findings == (Finding(Status.NOT_CHECKED, "not checked because of b"),)


def test_a_warning_holds_up_nothing_unless_it_ends_the_matter() -> None:
    for ends, expected in ((False, Status.OK), (True, Status.NOT_CHECKED)):
        first = named_check("a", warning("hm", ends=ends))
        assert [*examine([first, named_check("b", ok("yes"), needs=("a",))])][1].status is expected


@pytest.mark.parametrize(
    ("error", "grants", "status", "fix"),
    [
        (AccessDenied("no"), ("sqs:GetQueueUrl",), Status.WARNING, "grant sqs:GetQueueUrl"),
        (AccessDenied("no"), (), Status.FAILED, "do this"),
        (Unavailable("later"), ("sqs:GetQueueUrl",), Status.FAILED, "do this"),
        (Refused("why"), (), Status.FAILED, "do this"),
    ],
)
def test_a_question_that_is_refused_is_a_finding(
    error: GuardianError, grants: tuple[str, ...], status: Status, fix: str
) -> None:
    (found,) = examine([Check("a", lambda: raising(error), (), grants, "do this")])
    assert found.status is status
    assert not found.usable
    assert found.findings[0].fix.startswith(fix)


def test_what_was_found_before_a_refusal_is_told_too() -> None:
    def half() -> Iterator[Finding]:
        yield warning("first")
        yield from raising(Refused("then"))

    (found,) = examine([Check("a", half)])
    assert [finding.said for finding in found.findings] == ["first", "then"]


@pytest.mark.parametrize(
    ("changed", "lets_in"),
    [
        ({}, True),
        ({"Action": ["events:*"]}, True),
        ({"Condition": {"StringEquals": {"AWS:principalorgid": [ORGANIZATION]}}}, True),
        ({"Principal": {"AWS": ["*"]}}, True),
        ({"Effect": "Deny"}, False),
        ({"Action": "events:PutRule"}, False),
        ({"Principal": {"AWS": "111122223333"}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-another"}}}, False),
        ({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}}}, False),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION, "x": "y"}}}, False),
        ({"Condition": None}, False),
    ],
)
def test_only_a_statement_for_the_whole_organization_lets_it_in(
    changed: dict[str, Any],
    lets_in: bool,  # noqa: FBT001 - a case
) -> None:
    statement = {**OURS, **changed}
    for policy in ({"Statement": statement}, {"Statement": [{"Effect": "Allow"}, statement]}):
        assert lets_organization_in(policy, ORGANIZATION) is lets_in


def test_a_statement_without_a_condition_lets_anybody_in() -> None:
    open_to_all = {key: value for key, value in OURS.items() if key != "Condition"}
    assert lets_anybody_in({"Statement": [OURS, open_to_all]})
    assert not lets_anybody_in({"Statement": [OURS]})


json_like = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Statement", "Effect", "Action", "Principal", "AWS", "source", "Condition"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(json_like)
def test_a_policy_of_any_shape_can_be_read(policy: Any) -> None:
    assert not lets_eventbridge_in(policy)
    assert not lets_organization_in(policy, ORGANIZATION)
    assert isinstance(lets_anybody_in(policy), bool)
    assert set(selects(policy)) <= {"Guardian Outcome", "Guardian Noticed"}


def test_a_rule_must_take_all_that_guardian_tells() -> None:
    both = ["Guardian Outcome", "Guardian Noticed"]
    assert selects({"source": ["guardian"], "detail-type": both}) == ()
    assert selects({"source": ["guardian"]}) == ()
    assert selects({"source": ["guardian"], "detail-type": both[:1]}) == ("Guardian Noticed",)
    assert selects({"source": ["aws.glue"], "detail-type": both}) == (*both,)


accounts_of_ous = st.lists(st.integers(0, 4), max_size=30).map(
    lambda ous: [
        Account(AccountId(f"{n:012}"), f"a{n}", AccountState.ACTIVE, OuPath(f"/{ou}"))
        for n, ou in enumerate(ous)
    ]
)


@given(accounts_of_ous, st.integers(0, 10), st.integers(0, 10**6))
def test_a_sample_is_spread_over_as_many_ous_as_there_can_be(
    accounts: list[Account], count: int, turn: int
) -> None:
    found = sample(accounts, count, turn)
    assert len(found) == len({a.id for a in found}) == min(count, len(accounts))
    assert all(account in accounts for account in found)
    ous = {account.ou for account in accounts}
    assert len({account.ou for account in found}) == min(len(ous), len(found))


@given(accounts_of_ous)
def test_in_time_every_account_is_looked_into(accounts: list[Account]) -> None:
    turns = range(len(accounts) * len({account.ou for account in accounts}))
    seen = {account.id for turn in turns for account in sample(accounts, 1, turn)}
    assert seen == {account.id for account in accounts}


def test_accounts_are_named_a_few_at_a_time() -> None:
    many = [AccountId(f"{n:012}") for n in range(5)]
    assert named(many) == "000000000000, 000000000001, 000000000002 and 2 more"
    assert named(many[:1]) == "000000000000"


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_the_terminal_and_what_is_to_be_copied_is_one_line(width: int) -> None:
    long = "the bus does not let the organization in: what accounts report is lost, " * 2
    command = "aws events put-permission " + "--more and-more " * 12
    examined = Examined("bus", (failed(long, command.strip()), ok("\x1b[31mfine")))
    out = StringIO()
    print_examined(Console(file=out, width=width), examined)
    lines = out.getvalue().splitlines()
    assert [line for line in lines if line.endswith(command.strip())]
    assert all(len(line) <= width for line in lines if "aws events" not in line)
    assert "\x1b" not in out.getvalue()
    assert lines[0].startswith("failed       bus ")
    assert summary([examined]) == "1 failed"
