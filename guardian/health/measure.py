"""Reads what the journal has learned of, for the metrics and the page."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from guardian.digest import avoided
from guardian.health.record import Heard, Record, known_kind
from guardian.kinds.base import PriceBook
from guardian.outcome import Outcome, Result
from guardian.ports import Journal

BACK = timedelta(days=1)
"""So far back the page shows what happened before the daemon started."""


def look_back(journal: Journal, record: Record, now: datetime) -> None:
    """Show what happened before; it is not counted. Raises Unavailable."""
    record.seen(journal.outcomes(now - BACK, now), journal.findings(now - BACK, now))


def measure_once(
    journal: Journal, record: Record, prices: PriceBook, since: datetime, until: datetime
) -> None:
    """Count and show what the journal learned of in since <= then < until. Raises Unavailable."""
    outcomes, findings = journal.outcomes(since, until), journal.findings(since, until)
    if outcomes or findings:
        record.seen(outcomes, findings)
        record.learned(heard(outcomes, prices), findings)


def heard(outcomes: Iterable[Outcome], prices: PriceBook) -> Heard:
    """Outcomes in numbers."""
    listed = tuple(outcomes)
    counted = Counter((known_kind(o.kind), o.result, o.by) for o in listed)
    usd: dict[str, Decimal] = {}
    unpriced = 0
    for outcome in listed:
        if outcome.result is not Result.STOPPED:
            continue
        kind, saved = known_kind(outcome.kind), avoided(outcome, prices).usd
        if saved is None:
            unpriced += 1
        else:
            usd[kind] = usd.get(kind, Decimal(0)) + saved
    return Heard(dict(counted), usd, unpriced)
