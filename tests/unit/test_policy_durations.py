"""Durations in policies and settings."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.policy.durations import LONGEST, parse_duration, spoken


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("1h30m", timedelta(minutes=90)),
        ("0s", timedelta()),
        ("PT30M", timedelta(minutes=30)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("365d", LONGEST),
    ],
)
def test_a_duration_is_read(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "30", "30 m", "m", "1.5h", "-5m", "30m1h", "P1M", "pt30m", "1w", "٣m"],
)
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write 30s"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["366d", "8761h", "999999999d", "P366D"])
def test_more_than_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than a year"):
        parse_duration(text)


@given(st.timedeltas(timedelta(), LONGEST))
def test_what_guardian_says_of_a_duration_can_be_written_in_a_policy(span: timedelta) -> None:
    whole = timedelta(seconds=int(span.total_seconds()))
    assert parse_duration(spoken(whole)) == whole
