"""The days of a window, and what was avoided on each. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from guardian.digest.model import Priced, Window

INSTANT = timedelta(milliseconds=1)


def begins_week(window: Window, timezone: str) -> bool:
    """Whether a Monday begins in it, in the time zone: what is told once a week is told then."""
    zone = ZoneInfo(timezone)
    last = window.until.astimezone(zone)
    monday = last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(last.weekday())
    return window.since <= monday < window.until


def avoided_by_day(
    window: Window, timezone: str, stopped: Iterable[Priced]
) -> Mapping[date, Mapping[str, Decimal]]:
    """Every day of the window as the time zone has it, with the avoided cost by kind."""
    zone = ZoneInfo(timezone)
    start, end = window.since, window.until - INSTANT
    first, last = (moment.astimezone(zone).date() for moment in (start, end))
    count = max(0, (last - first).days) + 1
    days: dict[date, dict[str, Decimal]] = {first + timedelta(days=n): {} for n in range(count)}
    for priced in stopped:
        if not priced.saving.usd:
            continue
        # What arrived late happened before the window: its first day shows it.
        day = min(max(priced.outcome.at, start), max(start, end)).astimezone(zone).date()
        kind = priced.outcome.kind
        days[day][kind] = days[day].get(kind, Decimal(0)) + priced.saving.usd
    return {day: dict(sorted(kinds.items())) for day, kinds in days.items()}
