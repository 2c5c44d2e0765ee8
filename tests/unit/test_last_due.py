"""When a digest was last due: by the clock on the wall, on days when the clocks change too."""

from datetime import UTC, datetime, timedelta

import pytest

from guardian.daemon.due import last_due
from guardian.policy.model import Notify

LONDON, NEW_YORK = "Europe/London", "America/New_York"


def due(cron: str, zone: str, since: datetime, days: int, step: timedelta) -> list[str]:
    """Every moment that was due, as somebody sees who asks again and again."""
    notify, found = Notify(digest=cron, timezone=zone), dict[datetime, None]()
    for number in range(int(timedelta(days=days) / step) + 1):
        found[last_due(notify, since + number * step)] = None
    return [f"{moment:%d %H:%M}" for moment in found][1:]


@pytest.mark.parametrize(
    ("cron", "zone", "since", "expected"),
    [
        ("0 9 * * *", LONDON, "2027-03-27", ["27 09:00", "28 08:00", "29 08:00"]),
        ("0 9 * * *", LONDON, "2027-10-30", ["30 08:00", "31 09:00", "01 09:00"]),
        ("0 9 * * *", NEW_YORK, "2026-10-31", ["31 13:00", "01 14:00", "02 14:00"]),
        ("0 9 * * mon-fri", LONDON, "2027-03-26", ["26 09:00"]),
    ],
)
def test_nine_is_nine_whatever_the_clocks_do(
    cron: str, zone: str, since: str, expected: list[str]
) -> None:
    start = datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert due(cron, zone, start, 3, timedelta(hours=1)) == expected


def test_an_hour_that_comes_twice_is_due_once() -> None:
    start = datetime(2027, 10, 30, 12, tzinfo=UTC)
    found = due("30 1 * * *", LONDON, start, 2, timedelta(minutes=20))
    assert found == ["31 00:30", "01 01:30"]


def test_an_hour_that_never_comes_is_due_all_the_same() -> None:
    start = datetime(2027, 3, 27, 12, tzinfo=UTC)
    found = due("30 1 * * *", LONDON, start, 2, timedelta(minutes=20))
    assert found == ["28 01:30", "29 00:30"]


def test_days_on_which_nobody_looked_are_due_as_their_last() -> None:
    notify = Notify(digest="0 9 * * mon-fri", timezone=LONDON)
    saturday = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert last_due(notify, saturday) == datetime(2026, 11, 27, 9, tzinfo=UTC)


def test_a_rare_one_was_due_months_ago() -> None:
    notify = Notify(digest="0 9 1 1 *")
    assert last_due(notify, datetime(2026, 11, 28, tzinfo=UTC)) == datetime(
        2026, 1, 1, 9, tzinfo=UTC
    )
