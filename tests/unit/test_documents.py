"""Values out of AWS answers, by paths that Python and JSONata read alike."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import jsonata as engine
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.documents import instant, jsonata, moment, pick, plain, text
from tests.examples import examples

ANSWER: dict[str, Any] = {
    "session": {"Session": {"Id": "s-1", "Status": "READY", "Tries": 0, "Role": None}},
    "groups": {
        "InstanceGroups": [
            {"InstanceType": "m5.xlarge", "Count": 1, "Tags": ["a", "b"]},
            {"InstanceType": "r5.xlarge", "Tags": []},
            {"InstanceType": "c5.xlarge", "Count": 3, "Tags": ["c"]},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("session", ANSWER["session"]),
        ("session.Session.Id", "s-1"),
        ("session.Session.Tries", 0),
        ("session.Session.Role", None),
        ("session.Session.Missing", None),
        ("session.Missing.Id", None),
        ("session.Session.Id.Deeper", None),
        ("groups.InstanceGroups[].InstanceType", ["m5.xlarge", "r5.xlarge", "c5.xlarge"]),
        ("groups.InstanceGroups[].Count", [1, 3]),
        ("groups.InstanceGroups[].Tags[]", ["a", "b", "c"]),
        ("groups.InstanceGroups[].Missing", []),
        ("groups.Missing[].InstanceType", []),
        ("missing.InstanceGroups[].InstanceType", []),
        ("session.Session[].Id", []),
        ("groups.InstanceGroups[0].InstanceType", "m5.xlarge"),
        ("groups.InstanceGroups[0].Tags[]", ["a", "b"]),
        ("groups.InstanceGroups[0].Tags[0]", "a"),
        ("groups.InstanceGroups[0].Missing[0].Id", None),
        ("groups.Missing[0].InstanceType", None),
        ("groups.Missing[0].Tags[]", []),
        ("session.Session[0].Id", None),
    ],
)
def test_a_path_finds_its_value_or_nothing(path: str, value: object) -> None:
    assert pick(ANSWER, path) == value


@pytest.mark.parametrize("document", [None, "text", 1, [1], True])
def test_nothing_is_found_in_what_is_no_object(document: Any) -> None:
    assert pick(document, "a.b") is None
    assert pick(document, "a[].b") == []


def test_text_is_empty_where_there_is_none() -> None:
    assert text(ANSWER, "session.Session.Status") == "READY"
    assert text(ANSWER, "session.Session.Tries") == ""
    assert text(ANSWER, "session.Session.Missing") == ""


names = st.sampled_from(["a", "b", "some key", "x-y", "and", "in", "true", "1st", "_x", "größe"])
paths = st.lists(names, min_size=1, max_size=3).map(".".join)


@examples(150)
@given(st.dictionaries(names, st.dictionaries(names, st.integers(0, 9) | st.text("xyz"))), paths)
def test_jsonata_finds_at_a_path_what_python_finds(document: dict[str, Any], path: str) -> None:
    assert evaluated(path, document) == pick(document, path)


@examples(150)
@given(st.lists(st.dictionaries(names, st.integers(0, 9))), names)
def test_jsonata_steps_into_lists_as_python_does(items: list[dict[str, Any]], name: str) -> None:
    document = {"found": items}
    assert evaluated(f"found[].{name}", document) == pick(document, f"found[].{name}")


@examples(150)
@given(st.lists(st.dictionaries(names, st.integers(0, 9)), max_size=3), names)
def test_jsonata_steps_into_the_first_of_a_list_as_python_does(
    items: list[dict[str, Any]], name: str
) -> None:
    document = {"found": {"items": items}}
    path = f"found.items[0].{name}"
    assert evaluated(path, document) == pick(document, path)


def test_jsonata_steps_into_the_first_of_the_first() -> None:
    document = {"r": [{"i": [{"n": 1}, {"n": 2}]}, {"i": [{"n": 3}]}]}
    assert evaluated("r[0].i[0].n", document) == pick(document, "r[0].i[0].n") == 1


@pytest.mark.parametrize(
    ("path", "expression"),
    [
        ("a.b", "$seen.a.b"),
        ("a[].b", "[$seen.a.b]"),
        ("a[0].b", "$seen.a[0].b"),
        ("instance-id", "$seen.`instance-id`"),
        ("a.and", "$seen.a.`and`"),
        ("a.1st[0]", "$seen.a.`1st`[0]"),
    ],
)
def test_a_name_is_quoted_where_the_language_would_read_something_else(
    path: str, expression: str
) -> None:
    assert jsonata(path) == expression


def evaluated(path: str, document: Any) -> Any:
    expression = engine.Jsonata(jsonata(path))
    frame = expression.create_frame()
    frame.bind("seen", document)
    return expression.evaluate(None, frame)


def test_an_answer_becomes_json_with_moments_as_step_functions_shows_them() -> None:
    began = datetime(2026, 11, 23, 10, 14, 27, 123456, tzinfo=timezone(timedelta(hours=1)))
    answer = {
        "Session": {"CreatedOn": began, "Progress": 0.5, "Ready": True, "Role": None},
        "Rates": (Decimal("0.44"), 2),
        "ResponseMetadata": {"RequestId": "x"},
    }
    assert plain(answer) == {
        "Session": {
            "CreatedOn": "2026-11-23T09:14:27.123Z",
            "Progress": 0.5,
            "Ready": True,
            "Role": None,
        },
        "Rates": ["0.44", 2],
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-23T09:14:27Z", datetime(2026, 11, 23, 9, 14, 27, tzinfo=UTC)),
        ("2026-11-23T09:14:27.500Z", datetime(2026, 11, 23, 9, 14, 27, 500000, tzinfo=UTC)),
        ("2026-11-23T10:14:27+01:00", datetime(2026, 11, 23, 9, 14, 27, tzinfo=UTC)),
        ("2026-11-23T09:14:27", datetime(2026, 11, 23, 9, 14, 27, tzinfo=UTC)),
        ("Nov 20, 2026, 9:01:00 AM", None),
        ("", None),
        (1764000000, None),
        (None, None),
    ],
)
def test_iso_text_is_a_moment_in_utc(written: Any, meant: datetime | None) -> None:
    assert moment(written) == meant


@given(st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants bounds without a zone
def test_a_moment_survives_being_written_to_the_millisecond(at: datetime) -> None:
    again = moment(instant(at))
    assert again is not None
    assert timedelta(0) <= at - again < timedelta(milliseconds=1)
