"""Where instances go: units with those below them, filters, self-managed accounts."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.stacksets.conftest import REGIONS, Estate, everywhere

MANAGEMENT = "123456789012"


def test_units_below_are_included_and_instances_name_the_targeted_unit(estate: Estate) -> None:
    outer, inner = estate.account("o", estate.data), estate.account("i", estate.science)
    estate.account("w", estate.web)
    estate.create_set()

    estate.run("create_stack_instances", estate.data)

    rows = estate.instances()
    assert set(rows) == everywhere(outer, inner)
    assert {row["OrganizationalUnitId"] for row in rows.values()} == {estate.data}
    described = estate.api.describe_stack_set(StackSetName="guardian")["StackSet"]
    assert described["OrganizationalUnitIds"] == [estate.data]
    assert described["Regions"] == REGIONS


def test_the_root_reaches_every_member_but_not_the_management_account(estate: Estate) -> None:
    accounts = [estate.account("d", estate.data), estate.account("w", estate.web)]
    estate.create_set()

    estate.run("create_stack_instances", estate.root)

    assert set(estate.instances()) == everywhere(*accounts)


@pytest.mark.parametrize(
    ("kind", "reached"), [("INTERSECTION", {"a"}), ("DIFFERENCE", {"b"}), ("NONE", {"a", "b"})]
)
def test_account_filters(estate: Estate, kind: str, reached: set[str]) -> None:
    accounts = {name: estate.account(name, estate.data) for name in "ab"}
    accounts["w"] = estate.account("w", estate.web)
    targets: dict[str, Any] = {
        "OrganizationalUnitIds": [estate.data],
        "AccountFilterType": kind,
    }
    if kind != "NONE":
        targets["Accounts"] = [accounts["a"], accounts["w"]]
    estate.create_set()

    estate.run("create_stack_instances", estate.data, DeploymentTargets=targets)

    assert set(estate.instances()) == everywhere(*(accounts[name] for name in reached))


def test_a_filter_chooses_what_is_deleted(estate: Estate) -> None:
    gone, kept = estate.account("gone", estate.data), estate.account("kept", estate.data)
    estate.create_set()
    estate.run("create_stack_instances", estate.data)
    targets = {
        "OrganizationalUnitIds": [estate.data],
        "AccountFilterType": "INTERSECTION",
        "Accounts": [gone],
    }

    estate.run("delete_stack_instances", estate.data, DeploymentTargets=targets)

    assert set(estate.instances()) == everywhere(kept)
    assert estate.attribute(gone, "DelaySeconds") is None
    assert estate.attribute(kept, "DelaySeconds") == "0"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"AccountFilterType": "UNION", "Accounts": ["111111111111"]}, "UNION"),
        ({"Accounts": ["111111111111"]}, "AccountFilterType must be specified"),
        ({"OrganizationalUnitIds": ["ou-abcd-12345678"]}, "does not exist"),
        ({"OrganizationalUnitIds": ["data"]}, "failed to satisfy constraint"),
        ({"OrganizationalUnitIds": ["r-abcd"] * 51}, "No more than 50"),
        ({"OrganizationalUnitIds": []}, "OrganizationalUnit"),
    ],
)
def test_targets_that_make_no_sense_are_refused(
    estate: Estate, targets: dict[str, Any], message: str
) -> None:
    estate.create_set()
    asked = {"OrganizationalUnitIds": [estate.data]} | targets

    with pytest.raises(ClientError, match=message):
        estate.start("create_stack_instances", estate.data, DeploymentTargets=asked)


@pytest.mark.parametrize("regions", [[], ["eu-nowhere-1"]])
def test_regions_must_be_named_and_known(estate: Estate, regions: list[str]) -> None:
    estate.create_set()

    with pytest.raises(ClientError, match="Region"):
        estate.start("create_stack_instances", estate.data, Regions=regions)


def test_a_self_managed_set_goes_to_accounts_the_management_account_too(estate: Estate) -> None:
    account = estate.account("a", estate.data)
    self_managed = {"PermissionModel": "SELF_MANAGED", "TemplateBody": SIMPLE}
    estate.api.create_stack_set(StackSetName="guardian", **self_managed)

    assert estate.run("create_stack_instances", Accounts=[account, MANAGEMENT], Regions=REGIONS)

    assert set(estate.instances()) == everywhere(account, MANAGEMENT)
    with pytest.raises(ClientError, match="can only have accounts as target"):
        estate.start("create_stack_instances", estate.data)
    with pytest.raises(ClientError) as unknown:
        estate.start("update_stack_instances", Accounts=["111111111111"], Regions=REGIONS)
    assert unknown.value.response["Error"]["Code"] == "StackInstanceNotFoundException"


SIMPLE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def test_instances_are_listed_in_pages_and_filtered(estate: Estate) -> None:
    good, bad = estate.account("good", estate.data), estate.account("bad", estate.data)
    estate.fails(bad)
    estate.create_set()
    operation = estate.start("create_stack_instances", estate.data)
    estate.finish(operation)

    def listed(name: str, value: str) -> set[tuple[str, str]]:
        return set(estate.instances(Filters=[{"Name": name, "Values": value}]))

    assert listed("DETAILED_STATUS", "FAILED") == everywhere(bad)
    assert listed("DETAILED_STATUS", "SUCCEEDED") == everywhere(good)
    assert listed("LAST_OPERATION_ID", operation) == everywhere(good, bad)
    assert listed("DRIFT_STATUS", "DRIFTED") == set()
    assert set(estate.instances(StackInstanceAccount=good)) == everywhere(good)
    assert set(estate.instances(StackInstanceRegion="us-east-1")) == {
        (good, "us-east-1"),
        (bad, "us-east-1"),
    }
    pages = estate.api.get_paginator("list_stack_instances").paginate(
        StackSetName="guardian", MaxResults=3
    )
    assert [len(page["Summaries"]) for page in pages] == [3, 1]
