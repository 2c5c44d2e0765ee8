"""Organizations: who may ask, pages of 20, paths, and accounts one can enter."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    OrganizationsBackend,
    organizations_backends,
)
from moto.organizations.responses import OrganizationsResponse

from guardian.localaws.world import World

PAGE = 20
ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
STACK_SETS = "member.org.stacksets.cloudformation.amazonaws.com"
"""A service that moto does not let an administrator be delegated for."""

FOR_EVERYBODY = ("CreateOrganization", "DescribeOrganization")


class AccessDenied(ServiceException):
    code = "AccessDeniedException"
    message = "You don't have permissions to access this resource."


class InvalidInput(ServiceException):
    code = "InvalidInputException"


def install(world: World) -> None:
    """Mend what moto's Organizations answers, and to whom."""
    OrganizationsResponse.organizations_backend = property(_backend_of_caller)
    OrganizationsResponse.list_accounts = _list_accounts
    OrganizationsResponse.list_accounts_for_parent = _list_accounts_for_parent
    OrganizationsResponse.list_children = _list_children
    FakeAccount.__init__ = _with_a_usable_role(FakeAccount.__init__)
    FakeAccount.describe = _with_paths(FakeAccount.describe)
    FakeDelegatedAdministrator.SUPPORTED_SERVICES.append(STACK_SETS)
    world.on_reset(organizations_backends.master_accounts.clear)


def organization_of(account: str) -> OrganizationsBackend | None:
    """The organization that `account` manages or is a member of."""
    manager, partition = organizations_backends.master_accounts.get(account, (account, "aws"))
    backend = organizations_backends[manager][partition]
    return backend if backend.org else None


def path_of(account: str) -> str:
    """Where `account` is: `o-.../r-.../ou-.../`; empty outside any organization."""
    backend = organization_of(account)
    if backend is None:
        return ""
    parents = {unit.id: unit.parent_id for unit in backend.ou}
    place = next((known.parent_id for known in backend.accounts if known.id == account), None)
    return "/".join([backend.org.id, *reversed(list(_upwards(place, parents)))]) + "/"


def is_open(account: str) -> bool:
    """Whether `account` may be used; one that is in no organization may."""
    backend = organization_of(account)
    states = [known.state for known in backend.accounts if known.id == account] if backend else []
    return states in ([], ["ACTIVE"])


def _upwards(place: str | None, parents: dict[str, str | None]) -> Iterator[str]:
    while place is not None:
        yield place
        place = parents.get(place)


def _backend_of_caller(response: Any) -> Any:
    account = response.current_account
    backend = organization_of(account)
    own = organizations_backends[account][response.partition]
    if response._get_action() in FOR_EVERYBODY or backend is own:
        return own
    if backend is None:
        raise AWSOrganizationsNotInUseException
    if all(admin.account.id != account for admin in backend.admins):
        raise AccessDenied
    return backend


def _list_accounts(response: Any) -> str:
    accounts = response.organizations_backend.accounts
    return _page(response, "Accounts", accounts, FakeAccount.describe)


def _list_accounts_for_parent(response: Any) -> str:
    backend = response.organizations_backend
    parent = backend.validate_parent_id(response._get_param("ParentId"))
    accounts = [account for account in backend.accounts if account.parent_id == parent]
    return _page(response, "Accounts", accounts, FakeAccount.describe)


def _list_children(response: Any) -> str:
    children = response.organizations_backend.list_children(
        ParentId=response._get_param("ParentId"), ChildType=response._get_param("ChildType")
    )
    return _page(response, "Children", children["Children"], lambda child: child)


def _page(response: Any, key: str, items: Sequence[Any], describe: Callable[[Any], Any]) -> str:
    start = _start(response._get_param("NextToken"))
    end = start + (response._get_int_param("MaxResults") or PAGE)
    answer: dict[str, Any] = {key: [describe(item) for item in items[start:end]]}
    if end < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(f"page:{end}".encode()).decode()
    return json.dumps(answer)


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("page:"))
    except ValueError:
        raise InvalidInput("You provided an invalid value: INVALID_NEXT_TOKEN") from None


def _with_a_usable_role(make: Any) -> Any:
    def make_account(account: Any, organization: Any, **properties: Any) -> None:
        make(account, organization, **properties)
        for role in iam_backends[account.id]["aws"].get_roles():
            role.path = "/"  # moto leaves it empty, and the ARN of the role wrong
            role.put_policy("AdministratorAccess", json.dumps(ADMINISTRATOR))

    return make_account


def _with_paths(describe: Any) -> Any:
    return lambda account: {**describe(account), "Paths": [path_of(account.id)]}
