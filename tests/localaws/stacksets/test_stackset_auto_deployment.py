"""Accounts that join, move and leave get and lose their stacks by themselves."""

import pytest

from tests.localaws.conftest import Eventually
from tests.localaws.stacksets.conftest import Estate, everywhere

AUTOMATIC = {"Enabled": True, "RetainStacksOnAccountRemoval": False}


@pytest.fixture
def covered(estate: Estate) -> str:
    """An account in the unit that an automatic set is deployed to."""
    account = estate.account("covered", estate.data)
    estate.create_set(AutoDeployment=AUTOMATIC)
    estate.run("create_stack_instances", estate.data)
    return account


def test_an_account_that_moves_in_gets_its_stacks(
    estate: Estate, covered: str, eventually: Eventually
) -> None:
    new = estate.account("new", estate.science)

    eventually(lambda: estate.settled(everywhere(covered, new)))

    assert estate.attribute(new, "DelaySeconds") == "0"


def test_an_account_that_moves_out_loses_its_stacks(
    estate: Estate, covered: str, eventually: Eventually
) -> None:
    estate.move(covered, estate.web)

    eventually(lambda: estate.settled(set()))

    assert estate.attribute(covered, "DelaySeconds") is None


def test_an_account_that_leaves_keeps_its_stacks_when_they_are_to_be_retained(
    estate: Estate, covered: str, eventually: Eventually
) -> None:
    retain = {"Enabled": True, "RetainStacksOnAccountRemoval": True}
    estate.run("update_stack_set", UsePreviousTemplate=True, AutoDeployment=retain)
    estate.move(covered, estate.web)

    eventually(lambda: estate.settled(set()))

    assert estate.attribute(covered, "DelaySeconds") == "0"


def test_a_move_within_the_unit_changes_nothing(estate: Estate, covered: str) -> None:
    before = estate.instances()

    estate.move(covered, estate.science)

    assert estate.instances() == before


def test_an_account_removed_from_the_organization_loses_its_stacks(
    estate: Estate, covered: str, eventually: Eventually
) -> None:
    estate.organizations.remove_account_from_organization(AccountId=covered)

    eventually(lambda: estate.settled(set()))


def test_accounts_outside_the_unit_are_left_alone(estate: Estate, covered: str) -> None:
    estate.account("elsewhere", estate.web)

    assert set(estate.instances()) == everywhere(covered)


def test_without_automatic_deployment_nothing_follows(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)

    estate.account("b", estate.data)

    assert set(estate.instances()) == everywhere(account)


def test_targets_of_automatic_deployment_are_listed(estate: Estate, covered: str) -> None:
    listed = estate.api.list_stack_set_auto_deployment_targets(StackSetName="guardian")

    assert listed["Summaries"] == [
        {"OrganizationalUnitId": estate.data, "Regions": ["eu-west-1", "us-east-1"]}
    ]
    assert estate.statuses()[covered] == ("CURRENT", "SUCCEEDED")
