"""An organization as a JSON file: policies can be checked and explained where there is no AWS."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from guardian.documents import Document, Json, pick, text
from guardian.errors import InputError
from guardian.ids import ROOT, AccountId, OuId, OuPath, Region, parse_account
from guardian.organization import Account, AccountState, Organization

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")


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
            _account_document(account, organization)
            for account in sorted(organization.accounts, key=lambda account: account.id)
        ],
    }


def _account_document(account: Account, organization: Organization) -> Document:
    enabled = organization.enabled.get(account.id)
    written: Document = {
        "id": account.id,
        "name": account.name,
        "path": account.ou,
        "state": account.state.value,
    }
    regions: Document = {} if enabled is None else {"regions": sorted(enabled)}
    tags: Document = {"tags": dict(sorted(account.tags.items()))} if account.tags else {}
    return {**written, **regions, **tags}


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
    items = [(f"accounts[{n}].", item) for n, item in enumerate(_items(found, "accounts"))]
    accounts = tuple(_account(item, place, ous) for place, item in items)
    regions = [_regions(item, place) for place, item in items]
    management = text(found, "management_account")
    return Organization(
        id=_required(found, "id"),
        management_account=parse_account(management) if management else AccountId(""),
        ous=ous,
        accounts=accounts,
        enabled={a.id: r for a, r in zip(accounts, regions, strict=True) if r is not None},
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
    return Account(account, text(item, "name"), AccountState(state), path, _tags(item, place))


def _regions(item: Json, place: str) -> frozenset[Region] | None:
    """The regions that an account has enabled; None where the snapshot does not say."""
    found = pick(item, "regions")
    if found is None:
        return None
    if isinstance(found, list):
        return frozenset(_region(region, f"{place}regions") for region in found)
    raise ValueError(f"{place}regions: is no list")


def _region(found: Json, place: str) -> Region:
    if isinstance(found, str) and _REGION.fullmatch(found):
        return Region(found)
    raise ValueError(f"{place}: {found!r} is not a region such as eu-west-1")


def _tags(item: Json, place: str) -> dict[str, str]:
    found = pick(item, "tags")
    if found is None:
        return {}
    if isinstance(found, Mapping):
        return {key: _text(value, f"{place}tags.{key}") for key, value in found.items()}
    raise ValueError(f"{place}tags: is no mapping")


def _text(found: Json, place: str) -> str:
    if isinstance(found, str):
        return found
    raise ValueError(f"{place}: is no text")


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
