import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import InputError
from guardian.ids import AccountId, OuId, OuPath
from guardian.organization import ENABLED_BY_DEFAULT, Account, AccountState, Organization
from guardian.snapshot import document, read

OUS = {OuPath("/"): OuId("r-ab12"), OuPath("/Data Science"): OuId("ou-ab12-11111111")}
accounts = st.builds(
    Account,
    st.from_regex(r"[0-9]{12}", fullmatch=True).map(AccountId),
    st.text(max_size=9),
    st.sampled_from(AccountState),
    st.sampled_from(sorted(OUS)),
    st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
)
regions = st.none() | st.frozensets(st.sampled_from(sorted(ENABLED_BY_DEFAULT)))
organizations = st.lists(
    st.tuples(accounts, regions), max_size=5, unique_by=lambda a: a[0].id
).map(
    lambda found: Organization(
        "o-exampleorgid",
        AccountId("999999999999"),
        OUS,
        tuple(sorted((account for account, _ in found), key=lambda a: a.id)),
        {account.id: enabled for account, enabled in found if enabled is not None},
    )
)
WHOLE = {
    "id": "o-exampleorgid",
    "root": "r-ab12",
    "ous": [{"id": "ou-ab12-11111111", "path": "/Workloads"}],
    "accounts": [{"id": "111122223333", "name": "dev", "path": "/Workloads", "state": "ACTIVE"}],
}


@given(organizations)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, organization: Organization
) -> None:
    path = tmp_path_factory.mktemp("snapshot") / "organization.json"
    path.write_text(json.dumps(document(organization)))
    assert read(path) == organization


def test_a_snapshot_needs_no_management_account_and_no_state(tmp_path: Path) -> None:
    path = tmp_path / "organization.json"
    path.write_text(json.dumps(WHOLE | {"accounts": [{"id": "111122223333", "path": "/"}]}))
    (account,) = read(path).accounts
    assert account.active


def with_account(**more: object) -> dict[str, object]:
    return {"accounts": [{"id": "111122223333", "path": "/", **more}]}


def test_regions_and_tags_of_an_account_are_read_where_they_are_given(tmp_path: Path) -> None:
    path = tmp_path / "organization.json"
    given = with_account(regions=["eu-south-2", "eu-west-1"], tags={"team": "data"})
    path.write_text(json.dumps(WHOLE | given))
    organization = read(path)
    assert organization.enabled == {"111122223333": {"eu-south-2", "eu-west-1"}}
    assert organization.accounts[0].tags == {"team": "data"}
    path.write_text(json.dumps(WHOLE | with_account(regions=None, tags=None)))
    organization = read(path)
    assert (organization.enabled, organization.accounts[0].tags) == ({}, {})


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"id": ""}, "id: is missing or no text"),
        ({"root": 7}, "root: is missing or no text"),
        ({"ous": {}}, "ous: is missing or no list"),
        ({"ous": [{"path": "/A"}]}, "ous[0].id: is missing or no text"),
        ({"accounts": None}, "accounts: is missing or no list"),
        (
            {"accounts": [{"id": "1", "path": "/"}]},
            "accounts[0].id: '1' is not an account id: twelve digits",
        ),
        (
            {"accounts": [{"id": "111122223333", "path": "/Nowhere"}]},
            "accounts[0].path: /Nowhere is none of the OUs",
        ),
        (
            {"accounts": [{"id": "111122223333", "path": "/", "state": "ASLEEP"}]},
            f"accounts[0].state: ASLEEP is none of {', '.join(AccountState)}",
        ),
        (with_account(regions="eu-west-1"), "accounts[0].regions: is no list"),
        (
            with_account(regions=["eu-west"]),
            "accounts[0].regions: 'eu-west' is not a region such as eu-west-1",
        ),
        (with_account(regions=[7]), "accounts[0].regions: 7 is not a region such as eu-west-1"),
        (with_account(tags=["team"]), "accounts[0].tags: is no mapping"),
        (with_account(tags={"team": 7}), "accounts[0].tags.team: is no text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, changed: dict[str, object], problem: str
) -> None:
    path = tmp_path / "organization.json"
    path.write_text(json.dumps(WHOLE | changed))
    with pytest.raises(InputError) as refused:
        read(path)
    assert str(refused.value) == f"{path}: {problem}"


@pytest.mark.parametrize("content", ["", "[", "null", "[]", '"text"'])
def test_what_is_no_snapshot_is_one_clear_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "organization.json"
    path.write_text(content)
    with pytest.raises(InputError) as refused:
        read(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "nothing.json")
