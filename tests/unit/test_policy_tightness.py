"""What is tighter and what is looser, setting by setting."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.ids import Region
from guardian.policy.hours import Hours, parse_window
from guardian.policy.inheritance import Value
from guardian.policy.model import ALL_ENABLED, Exemption, Mode
from guardian.policy.tightness import Change, compare

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IRELAND, VIRGINIA = Region("eu-west-1"), Region("us-east-1")
CHRISTMAS, BOXING_DAY = date(2026, 12, 25), date(2026, 12, 26)
"""A Friday and a Saturday."""


def rests(*windows: str, timezone: str = "UTC", holidays: tuple[date, ...] = ()) -> Hours:
    return Hours(timezone, tuple(map(parse_window, windows)), rests=True, holidays=holidays)


def applies(*windows: str, timezone: str = "UTC", holidays: tuple[date, ...] = ()) -> Hours:
    return Hours(timezone, tuple(map(parse_window, windows)), rests=False, holidays=holidays)


@pytest.mark.parametrize(
    ("name", "loose", "tight"),
    [
        ("kinds.glue-session.mode", Mode.OBSERVE, Mode.STOP),
        ("kinds.glue-session.grace", DAY, HOUR),
        ("kinds.glue-session.grace", HOUR, timedelta()),
        ("kinds.emr-cluster.idle", DAY, HOUR),
        ("kinds.emr-cluster.idle", HOUR, None),
        ("kinds.emr-cluster.max_age", DAY, HOUR),
        ("kinds.emr-cluster.max_age", None, DAY),
        ("limits.stops_per_sweep", 9, 8),
        ("limits.stops_per_sweep", None, 1000),
        ("regions", (IRELAND,), (IRELAND, VIRGINIA)),
        ("regions", (IRELAND, VIRGINIA), (ALL_ENABLED,)),
        ("regions", (), (IRELAND,)),
        ("exempt", (Exemption(id="a"), Exemption(id="b")), (Exemption(id="b"),)),
        ("exempt", (Exemption(id="a"),), ()),
        ("kinds.emr-cluster.hours", rests("09:00-17:00"), None),
        ("kinds.emr-cluster.hours", rests("09:00-17:00"), rests("mon-fri 09:00-17:00")),
        ("kinds.emr-cluster.hours", rests("09:00-17:00"), rests("10:00-12:00", "13:00-17:00")),
        ("kinds.emr-cluster.hours", applies("20:00-22:00"), applies("20:00-23:00")),
        ("kinds.emr-cluster.hours", applies("20:00-22:00"), rests("08:00-19:00")),
        ("kinds.emr-cluster.hours", rests("mon 01:00-02:00"), applies("00:00-24:00")),
        (
            "kinds.emr-cluster.hours",
            rests("mon-fri 09:00-17:00"),
            rests("mon-fri 09:00-17:00", holidays=(CHRISTMAS,)),
        ),
        (
            "kinds.emr-cluster.hours",
            rests("mon-fri 09:00-17:00", "holiday 00:00-24:00", holidays=(CHRISTMAS,)),
            rests("mon-fri 09:00-17:00", "holiday 00:00-24:00"),
        ),
    ],
)
def test_one_is_tighter_and_the_other_looser(name: str, loose: Value, tight: Value) -> None:
    assert compare(name, loose, tight) is Change.TIGHTER
    assert compare(name, tight, loose) is Change.LOOSER
    assert compare(name, tight, tight) is Change.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rests("00:00-09:00", "17:00-24:00"), applies("09:00-17:00")),
        (rests("09:00-12:00", "12:00-17:00"), rests("09:00-17:00")),
        (applies("00:00-24:00"), None),
        (applies("00:00-24:00", timezone="Asia/Tokyo"), applies("00:00-24:00")),
        (rests("mon-sun 09:00-10:00"), rests("09:00-10:00")),
        (rests("sat,sun 09:00-17:00", holidays=(CHRISTMAS,)), rests("sat,sun 09:00-17:00")),
    ],
)
def test_hours_written_in_two_ways_are_the_same(one: Hours, other: Hours | None) -> None:
    assert compare("kinds.emr-cluster.hours", one, other) is Change.SAME


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("regions", (IRELAND,), (VIRGINIA,)),
        ("exempt", (Exemption(id="a"),), (Exemption(id="b"),)),
        ("exempt", (Exemption(id="a", expires=CHRISTMAS),), (Exemption(id="a"),)),
        ("kinds.emr-cluster.hours", rests("09:00-17:00"), rests("10:00-18:00")),
        ("kinds.emr-cluster.hours", rests("09:00-17:00"), rests("09:00-17:00", timezone="Asia/Tokyo")),
        (
            "kinds.emr-cluster.hours",
            rests("mon-fri 09:00-17:00", "holiday 01:00-02:00", holidays=(CHRISTMAS,)),
            rests("mon-fri 09:00-17:00", "holiday 01:00-02:00", holidays=(BOXING_DAY,)),
        ),
        ("notify.channel", "#a", "#b"),
        ("notify.digest", "", "0 9 * * mon"),
    ],
)  # fmt: skip
def test_some_changes_are_neither(name: str, one: Value, other: Value) -> None:
    assert compare(name, one, other) is Change.OTHER
    assert compare(name, other, one) is Change.OTHER


WINDOWS = ["09:00-17:00", "mon-fri 10:00-12:00", "fri 09:30-24:00", "sat,sun,holiday 00:00-24:00"]
HOURS = st.builds(
    Hours,
    st.just("Europe/London"),
    st.lists(st.sampled_from(WINDOWS).map(parse_window), min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.lists(st.sampled_from([CHRISTMAS, BOXING_DAY]), unique=True).map(tuple),
)
MOMENTS = st.datetimes(
    datetime(2026, 12, 23), datetime(2026, 12, 28), timezones=st.just(UTC)  # noqa: DTZ001 - bounds
)  # fmt: skip


@given(st.none() | HOURS, st.none() | HOURS, st.lists(MOMENTS, min_size=20))
def test_under_tighter_hours_nothing_rests_that_did_not(
    old: Hours | None, new: Hours | None, moments: list[datetime]
) -> None:
    change = compare("kinds.emr-cluster.hours", old, new)
    for moment in moments:
        rested, resting = (h is not None and h.rest_ends(moment) is not None for h in (old, new))
        assert rested or not resting or change in {Change.LOOSER, Change.OTHER}
        assert resting or not rested or change in {Change.TIGHTER, Change.OTHER}
