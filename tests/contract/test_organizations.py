import pytest

from guardian.aws.connect import Aws
from guardian.aws.organizations import child_path, parent_in
from guardian.errors import AccessDenied, Refused, Unavailable
from guardian.ids import AccountId, OuPath
from guardian.organization import Account, AccountState
from tests.contract.conftest import HUB, ask_for_fault, move, new_ou, root_of
from tests.localaws.conftest import Aws as Boto
from tests.localaws.conftest import HttpCall, new_account


def test_every_ou_has_its_path_and_every_account_its_ou(guardian: Aws, aws: Boto) -> None:
    account = new_account(aws, "analytics")
    workloads = new_ou(aws, "Workloads")
    science = new_ou(aws, "Data Science", workloads)
    move(aws, account, science)

    organization = guardian.organizations.read()

    assert organization.management_account == HUB
    assert organization.ous == {
        "/": root_of(aws),
        "/Workloads": workloads,
        "/Workloads/Data Science": science,
    }
    assert {a.id for a in organization.accounts} == {HUB, account}
    assert (
        Account(
            AccountId(account),
            "analytics",
            AccountState.ACTIVE,
            OuPath("/Workloads/Data Science"),
        )
        in organization.accounts
    )


def test_a_closed_account_is_not_active(guardian: Aws, aws: Boto) -> None:
    account = new_account(aws, "old")
    aws("organizations").close_account(AccountId=account)
    states = {a.id: a.state for a in guardian.organizations.read().accounts}
    assert states[AccountId(account)] is not AccountState.ACTIVE


@pytest.mark.slow
def test_more_accounts_and_ous_than_one_page_holds(guardian: Aws, aws: Boto) -> None:
    accounts = {new_account(aws, f"account-{number}") for number in range(21)}
    for number in range(21):
        new_ou(aws, f"ou-{number}")
    organization = guardian.organizations.read()
    assert {a.id for a in organization.accounts} == accounts | {HUB}
    assert len(organization.ous) == 22


def test_a_slash_in_an_ous_name_does_not_make_another_level(guardian: Aws, aws: Boto) -> None:
    new_account(aws, "any")
    ou = new_ou(aws, "R/D")
    assert guardian.organizations.read().ous[OuPath("/R%2FD")] == ou


def test_two_ous_of_one_path_are_refused(guardian: Aws, aws: Boto) -> None:
    new_account(aws, "any")
    new_ou(aws, "R/D")
    new_ou(aws, "R%2FD")
    with pytest.raises(Refused, match="two OUs have the path /R%2FD"):
        guardian.organizations.read()


def test_no_permission_says_which(guardian: Aws, aws: Boto, http: HttpCall) -> None:
    new_account(aws, "any")
    ask_for_fault(http, "organizations", operation="ListRoots", error="AccessDeniedException")
    with pytest.raises(AccessDenied, match=rf"organizations:ListRoots in {HUB}/eu-west-1: Acc"):
        guardian.organizations.read()


@pytest.mark.slow
def test_throttling_that_does_not_end_is_unavailable(
    guardian: Aws, aws: Boto, http: HttpCall
) -> None:
    new_account(aws, "any")
    ask_for_fault(http, "organizations", error="TooManyRequestsException", times=99)
    with pytest.raises(Unavailable, match="TooManyRequestsException"):
        guardian.organizations.read()


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        ("o-abc/r-ab12/", "r-ab12"),
        ("o-abc/r-ab12/ou-ab12-11111111/ou-ab12-22222222/", "ou-ab12-22222222"),
        ("o-abc/r-ab12/ou-ab12-11111111/123456789012/", "ou-ab12-11111111"),
    ],
)
def test_the_parent_is_the_last_ou_of_a_path(path: str, parent: str) -> None:
    assert parent_in(path) == parent


def test_a_path_below_the_root_has_one_slash() -> None:
    assert child_path(OuPath("/"), "A") == "/A"
    assert child_path(OuPath("/A"), "B") == "/A/B"
