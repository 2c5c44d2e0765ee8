"""Exemptions that end soon, so that somebody renews them or lets them go. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from guardian.digest.model import Expiring, Window
from guardian.policy.model import Exemption

SOON = 14  # days
MARKS = (14, 7, 3, 1)
"""Days before its end at which an exemption is news; on the others it is only told beside other news."""


def expiring(exemptions: Iterable[Exemption], window: Window) -> tuple[Expiring, ...]:
    """Those that hold at the window's end and end within two weeks, the first to end first."""
    found = _found(exemptions, window)
    return tuple(sorted(found, key=lambda e: (e.expires, e.exemption.owner, e.exemption.reason)))


def _found(exemptions: Iterable[Exemption], window: Window) -> Iterator[Expiring]:
    today = window.until.astimezone(UTC).date()
    for exempt in exemptions:
        if exempt.expires is None:
            continue
        days = (exempt.expires - today).days
        end = datetime.combine(exempt.expires, time(), UTC)
        marks = (end - timedelta(days=mark) for mark in MARKS)
        if 0 < days <= SOON:
            news = any(window.since <= mark < window.until for mark in marks)
            yield Expiring(exempt, exempt.expires, days, news)
