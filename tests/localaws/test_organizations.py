"""Organizations: pages, paths, who may ask, and what closing an account does."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.conftest import Aws

Named = Callable[[str], str]


@pytest.fixture
def organizations(aws: Aws) -> Any:
    client = aws("organizations", "us-east-1")
    client.create_organization(FeatureSet="ALL")
    return client


def root(organizations: Any) -> str:
    return str(organizations.list_roots()["Roots"][0]["Id"])


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.slow
def test_accounts_come_in_pages_of_20(organizations: Any, account_named: Named) -> None:
    made = {account_named(f"member-{number}") for number in range(21)}
    first = organizations.list_accounts()
    assert len(first["Accounts"]) == 20
    second = organizations.list_accounts(NextToken=first["NextToken"])
    assert "NextToken" not in second
    listed = {account["Id"] for page in (first, second) for account in page["Accounts"]}
    assert listed == made | {"123456789012"}
    pages = organizations.get_paginator("list_accounts_for_parent").paginate(
        ParentId=root(organizations), PaginationConfig={"PageSize": 5}
    )
    assert [len(page["Accounts"]) for page in pages] == [5, 5, 5, 5, 2]


def test_a_made_up_token_is_refused(organizations: Any) -> None:
    with pytest.raises(organizations.exceptions.InvalidInputException):
        organizations.list_accounts(NextToken="made-up")


def test_an_account_says_its_path(organizations: Any, account_named: Named) -> None:
    top = root(organizations)
    unit = organizations.create_organizational_unit(ParentId=top, Name="Data")
    outer = unit["OrganizationalUnit"]["Id"]
    unit = organizations.create_organizational_unit(ParentId=outer, Name="Science")
    inner = unit["OrganizationalUnit"]["Id"]
    member = account_named("member")
    organizations.move_account(AccountId=member, SourceParentId=top, DestinationParentId=inner)
    organization = organizations.describe_organization()["Organization"]["Id"]
    account = organizations.describe_account(AccountId=member)["Account"]
    assert account["Paths"] == [f"{organization}/{top}/{outer}/{inner}/"]
    assert account["State"] == "ACTIVE"


def test_a_closed_account_is_suspended(organizations: Any, account_named: Named) -> None:
    member = account_named("member")
    organizations.close_account(AccountId=member)
    account = organizations.describe_account(AccountId=member)["Account"]
    assert (account["State"], account["Status"]) == ("SUSPENDED", "SUSPENDED")


def test_a_member_may_not_list_accounts(
    aws: Aws, organizations: Any, account_named: Named
) -> None:
    member = account_named("member")
    asked = aws("organizations", "us-east-1", member)
    with pytest.raises(ClientError) as error:
        asked.list_accounts()
    assert code(error) == "AccessDeniedException"
    mine = organizations.describe_organization()["Organization"]["Id"]
    assert asked.describe_organization()["Organization"]["Id"] == mine


def test_a_delegated_administrator_may_list_accounts(
    aws: Aws, organizations: Any, account_named: Named
) -> None:
    member = account_named("member")
    service = "member.org.stacksets.cloudformation.amazonaws.com"
    organizations.enable_aws_service_access(ServicePrincipal=service)
    organizations.register_delegated_administrator(AccountId=member, ServicePrincipal=service)
    accounts = aws("organizations", "us-east-1", member).list_accounts()["Accounts"]
    assert member in {account["Id"] for account in accounts}


def test_without_an_organization_there_is_nothing_to_list(aws: Aws) -> None:
    organizations = aws("organizations", "us-east-1")
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        organizations.list_accounts()
