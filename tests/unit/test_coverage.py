"""Which OU is governed by what, in organizations made for the purpose."""

from collections.abc import Mapping
from datetime import date

from guardian.coverage import NO_POLICY, Coverage, Unit, coverage, fold, modes
from guardian.ids import AccountId, OuId, OuPath, Region, Slug
from guardian.organization import Account, AccountState, Organization
from guardian.places import Position
from guardian.policy.model import KindSettings, Mode, PolicyFile
from guardian.policy.resolve import resolve

MANAGEMENT = AccountId("999999999999")
PATHS = ("/", "/A", "/A/Deep", "/A/Deep/Own", "/A/Plain", "/A/Plain/Below", "/B", "/B/Below")


def policy_file(ou: str, kinds: Mapping[str, KindSettings] | None = None) -> PolicyFile:
    name = ou.strip("/").replace("/", "-").lower() or "root"
    file = f"policies/{name}.yaml"
    regions = (Region("eu-west-1"),)
    at = Position(file, 1, 5)
    return PolicyFile(file, Slug(name), ou, at, Mode.STOP, regions, kinds or {})


def account(number: int, ou: str, state: AccountState = AccountState.ACTIVE) -> Account:
    return Account(AccountId(f"{number:012}"), f"account-{number}", state, OuPath(ou))


def covered(*files: PolicyFile, accounts: tuple[Account, ...] = ()) -> Coverage:
    ous = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate(PATHS)}
    organization = Organization("o-exampleorgid", MANAGEMENT, ous, accounts)
    return coverage(organization, resolve(files, organization, date(2026, 11, 23)))


def units(coverage: Coverage) -> dict[str, Unit]:
    return {unit.path: unit for unit in coverage.root.walk()}


def test_every_ou_is_in_the_tree_once() -> None:
    assert [unit.path for unit in covered(policy_file("/A")).root.walk()] == list(PATHS)


def test_the_nearest_policy_governs_and_is_told_from_an_inherited_one() -> None:
    found = units(covered(policy_file("/A"), policy_file("/A/Deep/Own")))
    governing = {path: unit.policy.slug for path, unit in found.items() if unit.policy}
    assert governing == {
        "/A": "a",
        "/A/Deep": "a",
        "/A/Deep/Own": "a-deep-own",
        "/A/Plain": "a",
        "/A/Plain/Below": "a",
    }
    assert {path for path, unit in found.items() if unit.own} == {"/A", "/A/Deep/Own"}


def test_accounts_are_counted_where_they_are_and_below() -> None:
    accounts = (account(1, "/A"), account(2, "/A/Deep/Own"), account(3, "/A/Plain"))
    found = units(covered(policy_file("/A"), accounts=accounts))
    counted = {path: (unit.accounts, unit.below) for path, unit in found.items()}
    assert counted["/"] == (0, 3)
    assert counted["/A"] == (1, 2)
    assert counted["/A/Deep"] == (0, 1)
    assert counted["/B"] == (0, 0)


def test_ous_that_only_inherit_are_folded_into_the_one_above() -> None:
    folded = fold(covered(policy_file("/A"), policy_file("/A/Deep/Own")).root)
    shown = {unit.path: unit.folded for unit in folded.walk()}
    assert shown == {"/": 2, "/A": 2, "/A/Deep": 0, "/A/Deep/Own": 0}


def test_folding_loses_no_ou_and_no_account() -> None:
    accounts = tuple(account(number, path) for number, path in enumerate(PATHS))
    root = covered(policy_file("/"), policy_file("/B/Below"), accounts=accounts).root
    folded = list(fold(root).walk())
    assert len(folded) + sum(unit.folded for unit in folded) == len(PATHS)
    assert folded[0].accounts + folded[0].below == len(PATHS)


def test_ungoverned_accounts_are_grouped_by_reason_whatever_their_ou() -> None:
    suspended = account(4, "/A", AccountState.SUSPENDED)
    lone = (account(1, "/B"), account(2, "/B/Below"), account(3, "/"))
    management = Account(MANAGEMENT, "master", AccountState.ACTIVE, OuPath("/"))
    accounts = (suspended, *lone, management, account(5, "/A"))
    found = covered(policy_file("/A"), accounts=accounts).ungoverned
    assert {a.id for a in found[NO_POLICY]} == {a.id for a in lone}
    assert found["the account is suspended"] == (suspended,)
    assert [len(group) for group in found.values()] == [3, 1, 1]


def test_the_kinds_of_a_policy_are_told_by_mode() -> None:
    kinds = {"glue-session": KindSettings(), "emr-cluster": KindSettings(mode=Mode.OBSERVE)}
    policy = units(covered(policy_file("/A", kinds)))["/A"].policy
    assert policy
    assert modes(policy) == {Mode.STOP: ["glue-session"], Mode.OBSERVE: ["emr-cluster"]}


def test_an_ou_whose_parent_is_not_known_hangs_below_the_nearest_that_is() -> None:
    ous = {OuPath(path): OuId(f"ou-ab12-{path}") for path in ("/", "/A", "/A/x/y")}
    organization = Organization("o-exampleorgid", MANAGEMENT, ous)
    root = coverage(organization, resolve((), organization, date(2026, 11, 23))).root
    assert [unit.path for unit in root.units[0].units] == ["/A/x/y"]
