import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.errors import InputError
from guardian.ids import AccountId, OuId, OuPath
from guardian.organization import Account, AccountState, Organization
from guardian.snapshot import document, read

OUS = {OuPath("/"): OuId("r-ab12"), OuPath("/Data Science"): OuId("ou-ab12-11111111")}
accounts = st.builds(
    Account,
    st.from_regex(r"[0-9]{12}", fullmatch=True).map(AccountId),
    st.text(max_size=9),
    st.sampled_from(AccountState),
    st.sampled_from(sorted(OUS)),
)
organizations = st.lists(accounts, max_size=5, unique_by=lambda a: a.id).map(
    lambda found: Organization(
        "o-exampleorgid", AccountId("999999999999"), OUS, tuple(sorted(found, key=lambda a: a.id))
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
