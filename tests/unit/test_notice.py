"""The notice of a stop to come, as a member account tells it and as the journal keeps it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.documents import Json
from guardian.errors import InputError
from guardian.ids import Region, Target, parse_account
from guardian.journal.notices import notice_text, read_notice
from guardian.notice import StopNotice, is_notice, parse_notice

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
DETAIL: Mapping[str, Json] = {
    "version": 1,
    "kind": "glue-session",
    "id": "session-1",
    "policy": "data",
    "owner": "ana@example.com",
    "started": "2026-11-23T08:40:00.000Z",
    "due": "2026-11-23T09:10:00.000Z",
    "stops": "2026-11-23T09:10:00.000Z",
    "facts": {"workers": 5},
    "at": "2026-11-23T09:00:00.000Z",
    "execution": "execution-1",
}
NOTICE: Mapping[str, Json] = {
    "source": "guardian",
    "detail-type": "Guardian Noticed",
    "account": "111122223333",
    "region": "eu-west-1",
    "detail": DETAIL,
}


def told(**changed: Json) -> Mapping[str, Json]:
    return {**NOTICE, "detail": {**DETAIL, **changed}}


def test_a_notice_is_read() -> None:
    assert is_notice(NOTICE)
    assert parse_notice(NOTICE) == StopNotice(
        kind="glue-session",
        id="session-1",
        target=Target(parse_account("111122223333"), Region("eu-west-1")),
        policy="data",
        stops=NINE + timedelta(minutes=10),
        at=NINE,
        owner="ana@example.com",
        started=NINE - timedelta(minutes=20),
        due=NINE + timedelta(minutes=10),
        facts={"workers": 5},
        execution="execution-1",
    )


def test_the_account_is_the_envelopes_and_not_the_details() -> None:
    assert parse_notice(told(account="999999999999")).target.account == "111122223333"


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {**NOTICE, "source": "somebody"},
        {**NOTICE, "account": "1"},
        {**NOTICE, "detail": "text"},
        told(version=2),
        told(version="1"),
        told(id=""),
        told(at="soon"),
        told(stops=None),
        told(stops="0001-01-01T00:00:00+12:00"),
    ],
)
def test_what_is_no_notice_is_refused(event: Json) -> None:
    with pytest.raises(InputError):
        parse_notice(event)


def test_the_same_notice_again_is_the_same_and_another_moment_is_another() -> None:
    one = parse_notice(NOTICE)
    assert parse_notice(told(execution="e2", owner="bo")).identity == one.identity
    assert parse_notice(told(stops="2026-11-23T10:10:00.000Z")).identity != one.identity
    assert parse_notice(told(id="session-2")).identity != one.identity


def test_a_run_is_the_same_whatever_moment_is_told() -> None:
    one = parse_notice(NOTICE)
    assert one.same_run(replace(one, stops=NINE, execution="e2"))
    assert not one.same_run(replace(one, started=NINE))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(DETAIL)), json_values))
def test_any_notice_survives_the_journal_or_is_refused(changed: Mapping[str, Json]) -> None:
    try:
        read = parse_notice(told(**changed))
    except InputError:
        return
    written = notice_text(read)
    assert written.isascii()
    assert notice_text(read_notice(written)) == written
    assert read_notice(written).identity == read.identity
