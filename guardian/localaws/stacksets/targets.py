"""Which accounts an operation goes to: organizational units, nested ones included, and filters."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from boto3 import Session

from guardian.localaws.cloudformation.s3 import read_object
from guardian.localaws.stacksets.errors import ValidationError
from guardian.localaws.stacksets.model import StackSet, Target
from guardian.localaws.stacksets.organization import Organization
from guardian.localaws.stacksets.registry import Call

MAX_UNITS = 50
UNIT = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}")

Members = Mapping[str, str | None]
"""Account ids, and the targeted unit each was reached through."""


def members(stack_set: StackSet, call: Call, organization: Organization | None) -> Members:
    """The accounts that `Accounts` and `DeploymentTargets` of a call name. Raises ValidationError."""
    targets = call["DeploymentTargets"] or {}
    if not stack_set.service_managed:
        return _listed(call, targets, stack_set.account)
    if call["Accounts"] or not targets:
        raise ValidationError(
            "StackSets with SERVICE_MANAGED permission model can only have "
            "OrganizationalUnit as target"
        )
    if organization is None:
        raise ValidationError("The account is not in an organization")
    return _of_units(targets, organization, stack_set.account)


def places(accounts: Members, regions: Sequence[str]) -> list[Target]:
    """Every account in every region, region by region. Raises ValidationError."""
    if not regions:
        raise ValidationError("Regions must be specified")
    if unknown := [region for region in regions if region not in _regions()]:
        raise ValidationError(f"Region {unknown[0]} is not supported")
    return [
        Target(account, region, unit) for region in regions for account, unit in accounts.items()
    ]


@cache
def _regions() -> frozenset[str]:
    return frozenset(Session().get_available_regions("cloudformation"))


def _listed(call: Call, targets: Mapping[str, Any], owner: str) -> Members:
    if targets.get("OrganizationalUnitIds"):
        raise ValidationError(
            "StackSets with SELF_MANAGED permission model can only have accounts as target"
        )
    return dict.fromkeys([*(call["Accounts"] or []), *_accounts(targets, owner)])


def _of_units(targets: Mapping[str, Any], organization: Organization, owner: str) -> Members:
    units = targets.get("OrganizationalUnitIds") or []
    _check_units(units, organization)
    found: dict[str, str | None] = {
        account: unit for unit in reversed(units) for account in organization.accounts_under(unit)
    }
    listed = _accounts(targets, owner)
    kind = targets.get("AccountFilterType", "NONE")
    if kind == "INTERSECTION":
        return {account: unit for account, unit in found.items() if account in listed}
    if kind == "DIFFERENCE":
        return {account: unit for account, unit in found.items() if account not in listed}
    if kind == "UNION":
        others = [a for a in listed if a not in found and _is_member(a, organization)]
        return found | dict.fromkeys(others)
    if listed:
        raise ValidationError("AccountFilterType must be specified when accounts are targeted")
    return found


def _is_member(account: str, organization: Organization) -> bool:
    return account != organization.management_account and bool(organization.units_of(account))


def _check_units(units: Sequence[str], organization: Organization) -> None:
    if not units:
        raise ValidationError("OrganizationalUnitIds are required")
    if len(units) > MAX_UNITS:
        raise ValidationError(f"No more than {MAX_UNITS} OrganizationalUnitIds can be specified")
    for unit in units:
        if not UNIT.fullmatch(unit):
            raise ValidationError(
                f"1 validation error detected: Value '[{unit}]' at "
                "'deploymentTargets.organizationalUnitIds' failed to satisfy constraint: Member "
                f"must satisfy regular expression pattern: ^({UNIT.pattern})$"
            )
        if not organization.has_unit(unit):
            raise ValidationError(f"OrganizationalUnit {unit} does not exist")


def _accounts(targets: Mapping[str, Any], owner: str) -> list[str]:
    listed = list(targets.get("Accounts") or [])
    if url := targets.get("AccountsUrl"):
        listed += re.findall(r"\d{12}", read_object(url, owner))
    return listed
