"""Reads the organization: its tree of OUs and its accounts."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from guardian.aws.clients import Answer, Clients
from guardian.errors import Refused, Unavailable
from guardian.ids import ROOT, AccountId, OuId, OuPath
from guardian.organization import Account, AccountState, Organization

AT_ONCE = 4
"""Calls: Organizations takes but a few a second."""


class AwsOrganizations:
    """Organizations, as the management account or a delegated administrator may read it."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self) -> Organization:
        """The organization as it is now: one call for twenty accounts and one for every OU."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            telling = pool.submit(self._call, "DescribeOrganization")
            listing = pool.submit(lambda: list(self._items("ListAccounts", "Accounts")))
            ous = self._ous(pool)
            described, listed = telling.result()["Organization"], listing.result()
        parents = self._parents(listed, list(ous.values()))
        paths = {ou: path for path, ou in ous.items()}
        return Organization(
            id=described["Id"],
            management_account=AccountId(described["MasterAccountId"]),
            ous=ous,
            accounts=tuple(_account(found, parents, paths) for found in listed),
        )

    def _ous(self, pool: ThreadPoolExecutor) -> dict[OuPath, OuId]:
        """Level by level: those of a level are asked side by side."""
        root = OuId(next(self._items("ListRoots", "Roots"))["Id"])
        ous: dict[OuPath, OuId] = {ROOT: root}
        level = [(ROOT, root)]
        while level:
            below = [pair for pairs in pool.map(self._below, level) for pair in pairs]
            for path, ou in below:
                if path in ous:
                    raise Refused(f"two OUs have the path {path}: rename one")
                ous[path] = ou
            level = below
        return ous

    def _below(self, above: tuple[OuPath, OuId]) -> list[tuple[OuPath, OuId]]:
        path, parent = above
        listing = "ListOrganizationalUnitsForParent", "OrganizationalUnits"
        found = self._items(*listing, ParentId=parent)
        return [(child_path(path, ou["Name"]), OuId(ou["Id"])) for ou in found]

    def _parents(self, listed: Sequence[Answer], ous: Sequence[OuId]) -> Mapping[AccountId, OuId]:
        told = {AccountId(a["Id"]): parent_in(a["Paths"][0]) for a in listed if a.get("Paths")}
        if len(told) == len(listed):
            return told
        return {
            AccountId(found["Id"]): ou
            for ou in ous
            for found in self._items("ListAccountsForParent", "Accounts", ParentId=ou)
        }

    def _call(self, action: str) -> Answer:
        return self._clients.call(self._clients.hub, "organizations", action)

    def _items(self, action: str, items: str, **arguments: object) -> Iterator[Mapping[str, Any]]:
        hub = self._clients.hub
        for page in self._clients.pages(hub, "organizations", action, **arguments):
            yield from page[items]


def child_path(above: OuPath, name: str) -> OuPath:
    """The path of an OU below another. A slash in its name is written `%2F`."""
    return OuPath(f"{above.rstrip('/')}/{name.replace('/', '%2F')}")


def parent_in(path: str) -> OuId:
    """The OU that an account is directly in, of AWS's `o-…/r-…/ou-…/` path, with or without the account's own id."""
    return OuId([part for part in path.split("/") if part.startswith(("r-", "ou-"))][-1])


def _account(
    found: Answer, parents: Mapping[AccountId, OuId], paths: Mapping[OuId, OuPath]
) -> Account:
    account = AccountId(found["Id"])
    parent = parents.get(account)
    if parent is None or parent not in paths:
        # Left out, it would look like an account that has left the organization.
        raise Unavailable(
            f"the organization changed while it was read: account {account}; read again"
        )
    # Older answers have only the Status that State replaced.
    state = AccountState(found.get("State") or found["Status"])
    return Account(account, found["Name"], state, paths[parent])
