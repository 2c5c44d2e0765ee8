"""Identifiers and paths."""

import pytest

from guardian.ids import ROOT, AccountId, OuPath, Region, Target, ancestors, parse_account


def test_an_account_id_is_twelve_digits_leading_zeros_and_all() -> None:
    assert parse_account("001122223333") == "001122223333"


@pytest.mark.parametrize(
    "text", ["", "12345678901", "1234567890123", "12345678901a", "123456789012\n", " 23456789012"]
)
def test_anything_else_is_no_account_id(text: str) -> None:
    with pytest.raises(ValueError, match="is not an account id: twelve digits"):
        parse_account(text)


def test_only_plain_digits_count() -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        parse_account("١١١١٢٢٢٢٣٣٣٣")


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/", ["/"]),
        ("/Workloads", ["/", "/Workloads"]),
        ("/Workloads/Data Science", ["/", "/Workloads", "/Workloads/Data Science"]),
    ],
)
def test_ancestors_go_from_the_root_down_to_the_path_itself(path: str, above: list[str]) -> None:
    assert list(ancestors(OuPath(path))) == above
    assert ancestors(OuPath(path))[0] == ROOT


def test_targets_sort_by_account_and_then_region() -> None:
    here, there = Region("eu-west-1"), Region("us-east-1")
    one, two = AccountId("111111111111"), AccountId("222222222222")
    places = [Target(two, here), Target(one, there), Target(one, here)]
    assert sorted(places) == [Target(one, here), Target(one, there), Target(two, here)]
    assert str(places[0]) == "222222222222/eu-west-1"
