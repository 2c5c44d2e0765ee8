"""An organization as a JSON file: policies can be checked and explained where there is no AWS."""

import json
from collections.abc import Mapping
from pathlib import Path

from guardian.documents import Document, Json, pick, text
from guardian.errors import InputError
from guardian.ids import ROOT, AccountId, OuId, OuPath, parse_account
from guardian.organization import Account, AccountState, Organization


def document(organization: Organization) -> Document:
    """The organization as plain data: docs/reference/snapshot.md."""
    return {
        "id": organization.id,
        "management_account": organization.management_account,
        "root": organization.ous[ROOT],
        "ous": [
            {"id": ou, "path": path}
            for path, ou in sorted(organization.ous.items())
            if path != ROOT
        ],
        "accounts": [
            {"id": a.id, "name": a.name, "path": a.ou, "state": a.state.value}
            for a in sorted(organization.accounts, key=lambda account: account.id)
        ],
    }


def read(path: Path) -> Organization:
    """The organization of a snapshot. Raises InputError, with the place in the document."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: this is no JSON: {error}") from error
    try:
        return _organization(found)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _organization(found: Json) -> Organization:
    ous = {ROOT: OuId(_required(found, "root"))}
    for number, item in enumerate(_items(found, "ous")):
        ous[OuPath(_required(item, "path", f"ous[{number}]."))] = OuId(
            _required(item, "id", f"ous[{number}].")
        )
    accounts = tuple(
        _account(item, f"accounts[{number}].", ous)
        for number, item in enumerate(_items(found, "accounts"))
    )
    management = text(found, "management_account")
    return Organization(
        id=_required(found, "id"),
        management_account=parse_account(management) if management else AccountId(""),
        ous=ous,
        accounts=accounts,
    )


def _account(item: Json, place: str, ous: Mapping[OuPath, OuId]) -> Account:
    path = OuPath(_required(item, "path", place))
    if path not in ous:
        raise ValueError(f"{place}path: {path} is none of the OUs")
    state = text(item, "state") or AccountState.ACTIVE.value
    if state not in set(AccountState):
        raise ValueError(f"{place}state: {state} is none of {', '.join(AccountState)}")
    identifier = _required(item, "id", place)
    try:
        account = parse_account(identifier)
    except ValueError as error:
        raise ValueError(f"{place}id: {error}") from error
    return Account(account, text(item, "name"), AccountState(state), path)


def _required(item: Json, name: str, place: str = "") -> str:
    value = text(item, name)
    if not value:
        raise ValueError(f"{place}{name}: is missing or no text")
    return value


def _items(found: Json, name: str) -> list[Json]:
    value = pick(found, name)
    if isinstance(value, list):
        return value
    raise ValueError(f"{name}: is missing or no list")
