"""Days, exemptions that end, who kept things alive: what a digest adds to the stops."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.digest import NO_PAST, Audience, Keeper, Window, compose
from guardian.digest.expiry import expiring
from guardian.digest.words import at, headline, span
from guardian.outcome import Outcome, Result
from guardian.policy.model import Exemption
from tests.unit.test_digest import DAY, EVERYBODY, HOUR, NINE, PRICES, digest, glue

LONDON = Audience("#data-costs", timezone="Europe/London")
KIRITIMATI = Audience("#data-costs", timezone="Pacific/Kiritimati")
SPRING = Window(datetime(2027, 3, 27, 9, tzinfo=UTC), datetime(2027, 3, 29, 8, tzinfo=UTC))
"""From Saturday to Monday at nine in London; the clocks go forward on the Sunday."""


def kept(name: str, owner: str, reason: str) -> Outcome:
    return replace(glue(name), result=Result.KEPT, owner=owner, reason=reason)


def test_times_are_told_in_the_time_zone_with_its_name() -> None:
    told = compose(KIRITIMATI, DAY, [], [], NO_PAST, PRICES)
    assert span(told) == "22 Nov 23:00 to 23 Nov 23:00 +14"
    assert at(told, NINE) == "23 Nov 23:00"


def test_a_window_in_which_the_clocks_change_names_both_times() -> None:
    told = compose(LONDON, SPRING, [], [], NO_PAST, PRICES)
    assert span(told) == "27 Mar 09:00 GMT to 29 Mar 09:00 BST"


def test_a_day_is_one_of_the_time_zone() -> None:
    late = replace(glue("late"), at=datetime(2027, 3, 28, 23, 30, tzinfo=UTC))
    early = replace(glue("early"), at=datetime(2027, 3, 28, 22, 30, tzinfo=UTC))
    told = compose(LONDON, SPRING, [early, late], [], NO_PAST, PRICES)
    assert {day.day: sum(kinds.values()) for day, kinds in told.days.items()} == {
        27: 0,
        28: Decimal("2.20"),
        29: Decimal("2.20"),
    }


@given(
    at=st.datetimes(timezones=st.just(UTC)),
    hours=st.floats(0.001, 1000),
    zone=st.sampled_from(["Europe/London", "America/St_Johns", "Pacific/Apia", "Asia/Tokyo"]),
)
def test_every_stop_is_on_some_day_of_the_window_in_any_zone(
    at: datetime, hours: float, zone: str
) -> None:
    window = Window(NINE - timedelta(hours=hours), NINE)
    audience = Audience("#data-costs", timezone=zone)
    told = compose(audience, window, [replace(glue(), at=at)], [], NO_PAST, PRICES)
    assert sum(sum(kinds.values()) for kinds in told.days.values()) == told.avoided.usd


def exempt(expires: date) -> Exemption:
    return Exemption(id="x", reason="because", owner="ana", expires=expires)


@pytest.mark.parametrize(
    ("expires", "days"),
    [
        (date(2026, 11, 23), []),
        (date(2026, 11, 24), [1]),
        (date(2026, 12, 7), [14]),
        (date(2026, 12, 8), []),
    ],
)
def test_what_holds_and_ends_within_two_weeks_is_told(expires: date, days: list[int]) -> None:
    assert [e.days for e in expiring([exempt(expires)], DAY)] == days


@pytest.mark.parametrize(
    ("days", "news"), [(14, True), (13, False), (7, True), (5, False), (3, True), (1, True)]
)
def test_an_end_is_news_two_weeks_a_week_three_days_and_a_day_before(
    days: int, *, news: bool
) -> None:
    audience = replace(EVERYBODY, exemptions=(exempt(date(2026, 11, 23) + timedelta(days=days)),))
    told = compose(audience, DAY, [], [], NO_PAST, PRICES)
    assert told.quiet is not news
    assert len(told.expiring) == 1
    assert headline(told).startswith("Nothing was stopped" if news else "All quiet")


def test_an_end_is_news_in_one_window_of_a_day_only() -> None:
    ending = [exempt(date(2026, 12, 7))]
    windows = [Window(DAY.since + n * 24 * HOUR, DAY.until + n * 24 * HOUR) for n in range(-3, 15)]
    told = [any(e.news for e in expiring(ending, window)) for window in windows]
    assert told.count(True) == 4


def test_who_kept_things_alive_is_told_with_the_reason() -> None:
    told = digest(
        kept("a", "ana", "tag guardian=keep"),
        kept("b", "ana", "tag guardian=keep"),
        kept("c", "", "exempt: production"),
    )
    assert told.kept_by == (
        Keeper("ana", "tag guardian=keep", 2),
        Keeper("unknown", "exempt: production", 1),
    )


def test_the_eleventh_keeper_is_in_the_last_row() -> None:
    told = digest(*(kept(f"s{n}", f"owner {n:02}", "why") for n in range(13)))
    assert [keeper.owner for keeper in told.kept_by][9:] == ["owner 09", "others"]
    assert (told.kept_by[10].kept, told.kept_by[10].more) == (3, 3)


def test_what_would_have_been_stopped_is_broken_down_too() -> None:
    told = digest(replace(glue("a"), result=Result.WOULD_STOP), glue("b"))
    assert [row.name for row in told.would_by.owners] == ["ana@example.com"]
    assert told.would_by.kinds[0].avoided.usd == Decimal("2.20")
