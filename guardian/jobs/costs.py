"""Asks Cost Explorer, which is paid by the request: what the journal still knows is not asked again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from guardian.costs import Cost, CostQuery, month_after, months
from guardian.costs.answers import Month, Page, by_month, month_text, parse_page, read_month
from guardian.costs.report import WEEK, Stops, week_lines
from guardian.documents import Json, pick
from guardian.errors import AccessDenied, Refused, Unavailable
from guardian.ports import CostExplorer, Journal

MOST_REQUESTS = 8
"""Paid requests a day."""
REQUESTS = "cost explorer requests"
"""The name under which the journal counts the requests of a day."""


@dataclass(frozen=True)
class Known:
    """What is known of a query's costs: the months that were ever read, and those that never were."""

    months: tuple[Month, ...]
    missing: tuple[date, ...] = ()

    @property
    def costs(self) -> Iterable[Cost]:
        return (cost for month in self.months for cost in month.costs)

    @property
    def read(self) -> date | None:
        """The day on which the oldest of the figures that still change was read; None where nothing was."""
        unsettled = [month.read for month in self.months if not month.is_final]
        return min(unsettled or [month.read for month in self.months], default=None)

    @property
    def unread(self) -> int:
        return max((month.unread for month in self.months), default=0)


@dataclass(frozen=True)
class Payments:
    """The paid requests of a day, counted in the journal before they are made."""

    journal: Journal
    today: date
    most: int = MOST_REQUESTS

    @property
    def made(self) -> int:
        """How many were made today."""
        kept: Json = json.loads(self.journal.recall(REQUESTS) or "null")
        count = pick(kept, "count")
        same = pick(kept, "day") == self.today.isoformat()
        return count if same and isinstance(count, int) else 0

    def pay(self) -> bool:
        """Count one more; False where there may be none."""
        made = self.made
        if made >= self.most:
            return False
        entry = {"day": self.today.isoformat(), "count": made + 1}
        self.journal.remember(REQUESTS, json.dumps(entry))
        return True


def costs_once(explorer: CostExplorer, query: CostQuery, since: date, payments: Payments) -> Known:
    """The costs from the month of `since` to before today; asks for what the journal lacks or has from another day.

    Where no more requests may be paid for, what the journal has is all there is. Raises AccessDenied, Refused,
    Unavailable.
    """
    journal, today = payments.journal, payments.today
    wanted = months(since, today)
    kept = {month: _recalled(journal, query, month) for month in wanted}
    due = [month for month in wanted if (known := kept[month]) is None or known.is_due(today)]
    if due:
        until = min(month_after(due[-1]), today)
        answer = _asked(explorer, query.over(due[0], until), payments)
        if answer is not None:
            firsts = months(due[0], until)
            kept |= _remembered(journal, query, by_month(firsts, today, answer))
    found = tuple(month for month in kept.values() if month is not None)
    return Known(found, tuple(month for month in wanted if kept[month] is None))


def week_once(
    explorer: CostExplorer, query: CostQuery, stops: Stops, payments: Payments
) -> tuple[str, ...]:
    """Lines for a digest about the seven days before today: none where Cost Explorer tells nothing of them.

    `stops` are those of that week at least. Whatever Cost Explorer's trouble is, `guardian costs` tells it.
    """
    today = payments.today
    try:
        known = costs_once(explorer, query, today - 2 * WEEK, payments)
    except (AccessDenied, Refused, Unavailable):
        return ()
    return week_lines(known.months, stops, today)


def _asked(explorer: CostExplorer, query: CostQuery, payments: Payments) -> Page | None:
    """All pages as one; None where they are more than may be paid for: half an answer is none."""
    costs: list[Cost] = []
    unread, token = 0, None
    while token != "":
        if not payments.pay():
            return None
        page = parse_page(explorer.page(query, token or ""))
        costs += page.costs
        unread += page.unread
        token = page.token
    return Page(tuple(costs), "", unread)


def _recalled(journal: Journal, query: CostQuery, month: date) -> Month | None:
    return read_month(month, journal.recall(_name(query, month)))


def _remembered(
    journal: Journal, query: CostQuery, read: Iterable[Month]
) -> Mapping[date, Month | None]:
    months_read: dict[date, Month | None] = {}
    for month in read:
        journal.remember(_name(query, month.first), month_text(month))
        months_read[month.first] = month
    return months_read


def _name(query: CostQuery, month: date) -> str:
    return f"costs {query.key} {month:%Y-%m}"
