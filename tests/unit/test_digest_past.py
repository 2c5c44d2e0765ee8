from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from guardian.digest import NO_PAST, Mean, Money, Row, Window, past_of
from guardian.outcome import Outcome, Result
from tests.unit.test_digest import DAY, EVERYBODY, HOUR, NINE, PRICES, glue, past, unpriced

SINCE = DAY.since
ONE_DAY = 24 * HOUR


def at(moment: datetime, name: str = "s") -> Outcome:
    return replace(glue(f"{name} {moment}"), at=moment)


def test_without_a_past_there_is_no_mean() -> None:
    assert past() == NO_PAST


def test_the_mean_is_of_four_weeks() -> None:
    found = past(*(at(SINCE - n * ONE_DAY - HOUR) for n in range(40)))
    assert found.mean == Mean(Decimal("1.0"), Decimal("2.20"), 28)


def test_what_lies_before_the_first_stop_is_no_part_of_the_mean() -> None:
    found = past(*(at(SINCE - HOUR * n) for n in (1, 2, 25)))
    assert found.mean == Mean(Decimal("1.5"), Decimal("3.30"), 2)


def test_the_mean_is_of_windows_of_the_same_length() -> None:
    week = Window(NINE - 7 * ONE_DAY, NINE)
    found = past(*(at(week.since - n * ONE_DAY - HOUR) for n in range(28)), window=week)
    assert found.mean == Mean(Decimal("7.0"), Decimal("15.40"), 28)
    assert found.previous == Row("before", 7, Money(Decimal("15.40")))


def test_a_window_before_that_is_older_than_four_weeks_is_told_whole() -> None:
    month = Window(NINE - 31 * ONE_DAY, NINE)
    oldest = at(month.since - 31 * ONE_DAY)
    found = past(oldest, at(month.since - HOUR), window=month)
    assert found.previous.stopped == 2
    assert found.mean.stopped == Decimal("31.0")


def test_what_was_not_stopped_is_no_past() -> None:
    yesterday = SINCE - HOUR
    kept = replace(at(yesterday), result=Result.KEPT)
    assert past(kept) == NO_PAST
    assert past(replace(unpriced("u"), at=yesterday)).previous.avoided.unknown == 1


@given(hours=st.integers(1, 24 * 40), minutes=st.integers(0, 59))
def test_the_past_is_read_in_slices_of_a_day_at_most_and_none_of_it_twice(
    hours: int, minutes: int
) -> None:
    window = Window(NINE - timedelta(hours=hours, minutes=minutes), NINE)
    read: list[tuple[datetime, datetime]] = []

    def note(since: datetime, until: datetime) -> tuple[Outcome, ...]:
        read.append((since, until))
        return ()

    past_of(EVERYBODY, window, note, PRICES)
    assert all(timedelta() < until - since <= ONE_DAY for since, until in read)
    assert read[0][1] == window.since
    assert read[-1][0] == min(window.before.since, window.since - 28 * ONE_DAY)
    assert all(newer[0] == older[1] for newer, older in pairwise(read))
