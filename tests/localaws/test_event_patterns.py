"""Event patterns: what matches, and what is refused."""

from typing import Any

import pytest

from guardian.localaws.events.pattern_syntax import InvalidPattern, parse
from guardian.localaws.events.patterns import matches


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Nothing to forget: no server is asked."""


DETAIL = {
    "name": "Tea",
    "n": 5,
    "ok": True,
    "nothing": None,
    "empty": {},
    "ip": "10.1.2.3",
    "tags": ["hot", "green"],
    "items": [{"id": "a", "price": 1}, {"id": "b", "price": 9}],
}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"name": ["Coffee", "Tea"]}, True),
        ({"name": ["tea"]}, False),
        ({"name": [{"equals-ignore-case": "tea"}]}, True),
        ({"name": [{"prefix": "Te"}]}, True),
        ({"name": [{"prefix": {"equals-ignore-case": "te"}}]}, True),
        ({"name": [{"suffix": "ea"}]}, True),
        ({"name": [{"wildcard": "T*a"}]}, True),
        ({"name": [{"wildcard": "T\\*a"}]}, False),
        ({"name": [{"anything-but": ["Tea"]}]}, False),
        ({"name": [{"anything-but": "Coffee"}]}, True),
        ({"name": [{"anything-but": {"prefix": "Te"}}]}, False),
        ({"name": [{"anything-but": {"wildcard": ["*x", "*y"]}}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"n": [{"numeric": [">", 0, "<=", 5]}]}, True),
        ({"n": [{"numeric": ["<", 5]}]}, False),
        ({"ok": [1]}, False),
        ({"ok": [True]}, True),
        ({"nothing": [None]}, True),
        ({"missing": [None]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"nothing": [{"exists": True}]}, True),
        ({"empty": [{"exists": True}]}, False),
        ({"missing": {"deep": [{"exists": False}]}}, True),
        ({"ip": [{"cidr": "10.0.0.0/8"}]}, True),
        ({"ip": [{"cidr": "192.168.0.0/16"}]}, False),
        ({"tags": ["green"]}, True),
        ({"items": {"id": ["b"], "price": [9]}}, True),
        ({"items": {"id": ["a"], "price": [9]}}, False),
        ({"$or": [{"name": ["Coffee"]}, {"n": [5]}]}, True),
        ({"name": ["Tea"], "$or": [{"n": [1]}, {"n": [2]}]}, False),
    ],
)
def test_a_field_matches(wanted: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case of the table
    assert matches(wanted, DETAIL) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Filter is not an object"),
        ('{"source": "shop"}', "'source' must be an object or an array"),
        ('{"source": []}', "Empty arrays are not allowed"),
        ('{"source": [["shop"]]}', "Match value must be"),
        ('{"detail": {}}', "Empty objects are not allowed"),
        ('{"source": [{"prefixx": "s"}]}', "Unrecognized match type prefixx"),
        ('{"source": [{"prefix": "s", "suffix": "p"}]}', "Only one key allowed"),
        ('{"source": [{"prefix": ["s"]}]}', "Invalid value of match type prefix"),
        ('{"source": [{"wildcard": "a**"}]}', "Invalid value of match type wildcard"),
        ('{"source": [{"exists": "yes"}]}', "Invalid value of match type exists"),
        ('{"n": [{"numeric": [">"]}]}', "Invalid value of match type numeric"),
        ('{"n": [{"anything-but": {"numeric": [">", 1]}}]}', "match type anything-but"),
        ('{"ip": [{"cidr": "10.0.0.0/99"}]}', "Invalid value of match type cidr"),
        ('{"$or": [{"source": ["shop"]}]}', "at least 2 objects"),
    ],
)
def test_a_bad_pattern_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPattern, match=reason):
        parse(pattern)


def test_a_pattern_that_is_matched_here_is_one_that_is_accepted() -> None:
    text = '{"source": ["shop"], "$or": [{"n": [1]}, {"n": [{"numeric": [">", 4]}]}]}'
    assert matches(parse(text), {"source": "shop", "n": 5})
