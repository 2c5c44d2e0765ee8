"""Organizations, for the hub's account only: a root, some OUs below it, the accounts dealt out among them."""

from collections.abc import Mapping

from benchmarks.backend.call import Answer, Call, Handler
from benchmarks.backend.failures import Failure
from benchmarks.backend.seed import HUB

ORGANIZATION, ROOT = "o-benchmark0", "r-b3nc"
PAGE = 20


def describe_organization(call: Call) -> Answer:
    call.takes()
    _only_the_hub(call)
    return {"Organization": {"Id": ORGANIZATION, "MasterAccountId": HUB, "FeatureSet": "ALL"}}


def list_roots(call: Call) -> Answer:
    call.takes("NextToken", "MaxResults")
    _only_the_hub(call)
    return {"Roots": [{"Id": ROOT, "Name": "Root"}]}


def list_organizational_units_for_parent(call: Call) -> Answer:
    call.takes("ParentId", "NextToken", "MaxResults")
    _only_the_hub(call)
    below = _units(call) if _parent(call) == ROOT else {}
    page, more = call.page(list(below.items()), lambda _: True, _size(call))
    return {"OrganizationalUnits": [{"Id": ou, "Name": name} for ou, name in page], **more}


def list_accounts(call: Call) -> Answer:
    call.takes("NextToken", "MaxResults")
    _only_the_hub(call)
    everyone = [HUB, *call.estate.seed.account_ids]
    page, more = call.page(everyone, lambda _: True, _size(call))
    return {"Accounts": [_account(call, account) for account in page], **more}


def list_accounts_for_parent(call: Call) -> Answer:
    call.takes("ParentId", "NextToken", "MaxResults")
    _only_the_hub(call)
    parent = _parent(call)
    everyone = [HUB, *call.estate.seed.account_ids]
    page, more = call.page(everyone, lambda it: _parent_of(call, it) == parent, _size(call))
    return {"Accounts": [_account(call, account) for account in page], **more}


def _account(call: Call, account: str) -> Answer:
    parent = _parent_of(call, account)
    path = [ORGANIZATION, ROOT, *([parent] if parent != ROOT else []), account]
    return {
        "Id": account,
        "Name": f"account {account}",
        "State": "ACTIVE",
        "Status": "ACTIVE",
        "Paths": ["/".join(path) + "/"],
    }


def _units(call: Call) -> Mapping[str, str]:
    """The names of the OUs by their ids."""
    return {f"ou-b3nc-{n:08}": f"Unit {n}" for n in range(call.estate.seed.units)}


def _parent_of(call: Call, account: str) -> str:
    units = call.estate.seed.units
    if account == HUB or not units:
        return ROOT
    return f"ou-b3nc-{int(account[4:]) % units:08}"


def _parent(call: Call) -> str:
    parent = call.text("ParentId")
    if parent not in {ROOT, *_units(call)}:
        raise Failure("ParentNotFoundException", f"there is no {parent}")
    return parent


def _size(call: Call) -> int:
    return call.number("MaxResults", PAGE, range(1, PAGE + 1))


def _only_the_hub(call: Call) -> None:
    if call.signer.account != HUB:
        raise Failure(
            "AccessDeniedException", "You don't have permissions to access this resource."
        )


CALLS: Mapping[str, Handler] = {
    "DescribeOrganization": describe_organization,
    "ListRoots": list_roots,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "ListAccounts": list_accounts,
    "ListAccountsForParent": list_accounts_for_parent,
}
