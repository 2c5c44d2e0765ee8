"""Hours of the day in a time zone, held against the standard library's own clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardian.policy.hours import (
    DAYS,
    FIRST,
    HOLIDAY,
    LAST,
    MIDNIGHT,
    WEEKDAYS,
    Hours,
    Window,
    offset_at,
    offsets,
    parse_window,
)
from tests.examples import examples

ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # moves its clocks by half an hour
    "Africa/Casablanca",  # at dates of another calendar
]
CHRISTMAS = date(2026, 12, 25)  # a Friday
OFFICE = (420, 1200)

minutes = st.integers(0, MIDNIGHT)
windows = st.builds(
    lambda days, ends: Window(tuple(d for d in DAYS if d in days), (min(ends), max(ends))),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.tuples(minutes, minutes).filter(lambda ends: ends[0] != ends[1]),
)
hours = st.builds(
    Hours,
    timezone=st.sampled_from(ZONES),
    windows=st.lists(windows, min_size=1, max_size=4).map(tuple),
    rests=st.booleans(),
    holidays=st.lists(st.dates(FIRST.date(), LAST.date()), max_size=3).map(tuple),
)
CHANGES = [(zone, since) for zone in ZONES for since, _ in offsets(zone)[1:]]
moments = st.datetimes(datetime(2026, 1, 2), datetime(2037, 12, 30)).map(  # noqa: DTZ001 - in UTC a line below
    lambda moment: moment.replace(tzinfo=UTC)
)


def rests(*texts: str, zone: str = "UTC", holidays: tuple[date, ...] = ()) -> Hours:
    return Hours(zone, tuple(map(parse_window, texts)), rests=True, holidays=holidays)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("07:00-20:00", DAYS),
        ("mon 07:00-20:00", ("mon",)),
        ("mon-fri 07:00-20:00", WEEKDAYS[:5]),
        ("fri-mon 07:00-20:00", ("mon", "fri", "sat", "sun")),
        ("mon-sun 07:00-20:00", WEEKDAYS),
        ("mon-mon 07:00-20:00", ("mon",)),
        ("tue-mon 07:00-20:00", WEEKDAYS),
        ("sun,holiday,sat,sun  07:00-20:00", ("sat", "sun", "holiday")),
        ("mon-tue,thu 07:00-20:00", ("mon", "tue", "thu")),
    ],
)
def test_a_window_opens_on_its_days(text: str, days: tuple[str, ...]) -> None:
    assert parse_window(text) == Window(days, OFFICE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no window"),
        ("mon-fri", "no window"),
        ("7:00-20:00", "no window"),
        ("07.00-20.00", "no window"),
        ("07:00 - 20:00", "no window"),
        ("07:00-20:00 mon", "no window"),
        ("Mon 07:00-20:00", "no window"),
        ("mon- 07:00-20:00", "no window"),
        ("\N{ARABIC-INDIC DIGIT ZERO}7:00-20:00", "no window"),
        ("monday 07:00-20:00", "'monday' is no day: mon, tue"),
        ("mon-fry 07:00-20:00", "'fry' is no day"),
        ("mon-wed-fri 07:00-20:00", "no range of days"),
        ("mon-holiday 07:00-20:00", "no range of days"),
        ("holiday-holiday 07:00-20:00", "no range of days"),
        ("07:60-20:00", "07:60 is no time of day"),
        ("07:00-24:01", "24:01 is no time of day"),
        ("24:00-24:00", "ends before it begins"),
        ("07:00-07:00", "ends before it begins"),
        ("20:00-07:00", r"write two \(20:00-24:00 and 00:00-07:00\)"),
    ],
)
def test_what_is_no_window_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_window(text)


@given(windows)
def test_a_window_is_written_as_it_is_read(window: Window) -> None:
    assert parse_window(str(window)) == window


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri 07:00-20:00",
        "00:00-24:00",
        "sat-sun,holiday 09:30-09:31",
        "mon-tue,thu 07:00-20:00",
    ],
)
def test_a_window_is_written_briefly(text: str) -> None:
    assert str(parse_window(text)) == text


def test_hours_are_told_in_one_line() -> None:
    told = rests("mon-fri 07:00-20:00", "sat 08:00-12:00", zone="Europe/London")
    assert str(told) == "rests mon-fri 07:00-20:00; sat 08:00-12:00 Europe/London"
    office = Hours("UTC", told.windows[:1], rests=False, holidays=(CHRISTMAS,))
    assert str(office) == "applies mon-fri 07:00-20:00 UTC, holidays 2026-12-25"


def test_windows_that_overlap_or_meet_are_one() -> None:
    spans = rests("mon 08:00-10:00", "mon 10:00-11:00", "09:00-09:30", "mon 12:00-13:00").resting()
    assert spans["mon"] == ((480, 660), (720, 780))
    assert spans["tue"] == spans[HOLIDAY] == ((540, 570),)


@given(hours)
def test_what_rests_by_its_windows_applies_outside_of_them(hours: Hours) -> None:
    other = Hours(hours.timezone, hours.windows, not hours.rests, hours.holidays).resting()
    for day, spans in hours.resting().items():
        both = sorted((*spans, *other[day]))
        assert both[0][0] == 0
        assert both[-1][1] == MIDNIGHT
        assert all(one[1] == following[0] for one, following in pairwise(both))


def test_a_rest_ends_where_windows_that_meet_end() -> None:
    ends = rests("mon 08:00-10:00", "mon 10:00-11:00").rest_ends
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert ends(monday + timedelta(hours=7, minutes=59, seconds=59)) is None
    assert ends(monday + timedelta(hours=8)) == monday + timedelta(hours=11)
    assert ends(monday + timedelta(hours=10, minutes=59, seconds=59)) == monday + timedelta(
        hours=11
    )
    assert ends(monday + timedelta(hours=11)) is None


def test_a_holiday_is_a_day_of_its_own() -> None:
    noon = datetime(2026, 12, 25, 12, tzinfo=UTC)
    midnight = noon + timedelta(hours=12)
    workdays = ("mon-fri 00:00-24:00",)
    assert rests(*workdays).rest_ends(noon) == midnight
    assert rests(*workdays, holidays=(CHRISTMAS,)).rest_ends(noon) is None
    assert rests("holiday 00:00-24:00", holidays=(CHRISTMAS,)).rest_ends(noon) == midnight
    assert rests("00:00-24:00", holidays=(CHRISTMAS,)).rest_ends(noon) == midnight


def test_a_holiday_is_one_in_its_own_zone() -> None:
    tokyo = rests("holiday 00:00-24:00", zone="Asia/Tokyo", holidays=(CHRISTMAS,))
    begins = datetime(2026, 12, 24, 15, tzinfo=UTC)
    assert tokyo.rest_ends(begins - timedelta(seconds=1)) is None
    assert tokyo.rest_ends(begins) == begins + timedelta(days=1)
    assert tokyo.rest_ends(begins + timedelta(days=1)) is None


@examples(300)
@given(st.sampled_from(CHANGES), st.integers(-7200, 7200))
def test_the_clocks_change_to_the_second(change: tuple[str, datetime], seconds: int) -> None:
    zone, since = change
    now = since + timedelta(seconds=seconds)
    assert offset_at(zone, now) == now.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize("zone", ZONES)
def test_beyond_the_years_that_are_known_the_nearest_offset_holds(zone: str) -> None:
    table = offsets(zone)
    assert offset_at(zone, FIRST - timedelta(days=400)) == table[0][1]
    assert offset_at(zone, LAST + timedelta(days=400)) == table[-1][1]


@examples(300)
@given(hours, moments)
def test_a_rest_ends_when_the_clock_on_the_wall_says_so(hours: Hours, now: datetime) -> None:
    zone = ZoneInfo(hours.timezone)
    local = now.astimezone(zone)
    day = HOLIDAY if local.date() in hours.holidays else WEEKDAYS[local.weekday()]
    minute = local.hour * 60 + local.minute
    named = any(
        day in window.days and window.span[0] <= minute < window.span[1]
        for window in hours.windows
    )
    ends = hours.rest_ends(now)
    assert (ends is not None) is (named is hours.rests)
    if ends is None:
        return
    wall = ends.astimezone(zone)
    assume(
        wall.utcoffset() == local.utcoffset()
    )  # a rest across a change is as long as the day was planned
    last = wall - timedelta(minutes=1)
    assert last.date() == local.date()
    assert (wall.second, wall.microsecond) == (0, 0)
    spans = hours.resting()[day]
    assert last.hour * 60 + last.minute + 1 in {end for _, end in spans}
