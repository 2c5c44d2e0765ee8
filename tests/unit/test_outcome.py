from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.documents import Json
from guardian.errors import InputError
from guardian.ids import Region, Target, parse_account
from guardian.journal.entries import finding_text, outcome_text, read_finding, read_outcome
from guardian.outcome import (
    About,
    By,
    Finding,
    Outcome,
    Result,
    parse_event,
    without_echoes,
)

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
DETAIL: Mapping[str, Json] = {
    "version": 1,
    "outcome": "stopped",
    "kind": "glue-session",
    "id": "session-1",
    "policy": "data",
    "at": "2026-11-23T09:00:00.000Z",
    "started": "2026-11-23T08:00:00Z",
    "due": "2026-11-23T08:30:00Z",
    "reason": "its grace of 30m is over",
    "owner": "ana@example.com",
    "facts": {"max_capacity": 5},
    "execution": "execution-1",
}
EVENT: Mapping[str, Json] = {
    "source": "guardian",
    "detail-type": "Guardian Outcome",
    "account": "111122223333",
    "region": "eu-west-1",
    "detail": DETAIL,
}

HOUR = timedelta(hours=1)


def told(**changed: Json) -> Mapping[str, Json]:
    return {**EVENT, "detail": {**DETAIL, **changed}}


def test_an_event_is_read() -> None:
    assert parse_event(EVENT) == Outcome(
        result=Result.STOPPED,
        kind="glue-session",
        id="session-1",
        target=Target(parse_account("111122223333"), Region("eu-west-1")),
        policy="data",
        at=NINE,
        by=By.EVENT,
        reason="its grace of 30m is over",
        owner="ana@example.com",
        started=NINE - timedelta(hours=1),
        due=NINE - timedelta(minutes=30),
        facts={"max_capacity": 5},
        trace="execution-1",
    )


def test_the_account_is_the_envelopes_and_not_the_details() -> None:
    assert parse_event(told(account="999999999999")).target.account == "111122223333"


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        {},
        {**EVENT, "source": "aws.glue"},
        {**EVENT, "detail-type": "Other"},
        {**EVENT, "account": "1234"},
        {**EVENT, "detail": "text"},
        told(version=2),
        told(version=0),
        told(version="1"),
        told(outcome="exploded"),
        told(kind=""),
        told(id=7),
        told(at="yesterday"),
        told(at="0001-01-01T00:00:00+14:00"),
        told(at=None),
    ],
)
def test_what_is_no_outcome_is_refused(event: Json) -> None:
    with pytest.raises(InputError):
        parse_event(event)


def test_reports_of_the_same_end_have_one_identity() -> None:
    first = parse_event(EVENT)
    swept = replace(first, by=By.SWEEP, at=NINE + timedelta(hours=1), trace="sweep-9", reason="x")
    assert swept.identity == first.identity


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "session-2"},
        {"kind": "emr-cluster"},
        {"outcome": "gone"},
        {"started": "2026-11-23T08:00:01Z"},
    ],
)
def test_other_ends_have_other_identities(changed: Mapping[str, Json]) -> None:
    assert parse_event(told(**changed)).identity != parse_event(EVENT).identity


def test_a_duplicate_of_a_start_event_adds_nothing_to_a_stop() -> None:
    began = datetime(2026, 11, 23, 9, tzinfo=UTC)
    target = Target(parse_account("111122223333"), Region("eu-west-1"))
    stop = Outcome(
        Result.STOPPED, "glue-session", "a", target, "data", began + HOUR, By.EVENT, started=began
    )
    echo = replace(stop, result=Result.GONE, at=stop.at + timedelta(minutes=1))
    of_another = replace(echo, id="b")
    of_a_later_start = replace(echo, started=echo.at, at=echo.at + HOUR)
    listed = [echo, stop, of_another, of_a_later_start]
    assert without_echoes(listed) == (stop, of_another, of_a_later_start)


def test_what_only_the_sweep_stopped_was_missed() -> None:
    stopped = parse_event(EVENT)
    assert not stopped.missed
    assert replace(stopped, by=By.SWEEP).missed
    assert not replace(stopped, by=By.SWEEP, result=Result.KEPT).missed


json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
broken_text = st.text(alphabet=st.characters(categories=["L", "Cs", "Cc", "P"]))


@given(detail=st.dictionaries(st.sampled_from(sorted(DETAIL)), json_values), text=broken_text)
def test_any_event_is_an_outcome_that_survives_the_journal_or_is_refused(
    detail: dict[str, Json], text: str
) -> None:
    try:
        outcome = parse_event(told(**{"reason": text, **detail}))
    except InputError:
        return
    entry = outcome_text(outcome)
    assert entry.isascii()
    assert read_outcome(entry).identity == outcome.identity
    assert outcome_text(read_outcome(entry)) == entry


@given(text=broken_text, mended=st.booleans(), about=st.sampled_from(About))
def test_any_finding_survives_the_journal(text: str, mended: bool, about: About) -> None:  # noqa: FBT001
    finding = Finding(about, text, text, NINE, None, mended)
    assert read_finding(finding_text(finding)) == finding
