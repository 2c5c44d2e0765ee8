"""Cost Explorer's answers, and how the journal keeps them. Pure; no answer is trusted to have its shape."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from guardian.costs import CURRENCY, METRIC, Cost, month_after
from guardian.documents import Json, pick, text
from guardian.ids import AccountId, parse_account

FINAL_AFTER = timedelta(days=10)
"""So long after a month's end its bill is taken to be final: what was read then is not read again."""
MOST = Decimal(10) ** 9
"""No account pays as much for an operation in a day: what says so is no amount."""


@dataclass(frozen=True)
class Page:
    """A page of an answer; `token` continues it, empty on the last. `unread` counts entries that make no sense."""

    costs: tuple[Cost, ...]
    token: str = ""
    unread: int = 0


def parse_page(answer: Json) -> Page:
    """What a GetCostAndUsage answer says."""
    costs, unread = [], 0
    for result in _items(answer, "ResultsByTime"):
        day = _day(text(result, "TimePeriod.Start"))
        for group in _items(result, "Groups"):
            cost = _cost(day, group) if day else None
            if cost is None:
                unread += 1
            elif cost.usd:
                costs.append(cost)
    return Page(tuple(costs), text(answer, "NextPageToken"), unread)


def _items(document: Json, path: str) -> Sequence[Json]:
    found = pick(document, path)
    return found if isinstance(found, list | tuple) else ()


def _cost(day: date, group: Json) -> Cost | None:
    keys = pick(group, "Keys")
    usd = _amount(pick(group, f"Metrics.{METRIC}.Amount"))
    if text(group, f"Metrics.{METRIC}.Unit") != CURRENCY or usd is None:
        return None
    match keys:
        case [str(account), str(what)]:
            try:
                return Cost(day, parse_account(account), what, usd)
            except ValueError:
                return None
        case _:
            return None


def _amount(said: Json) -> Decimal | None:
    if not isinstance(said, str):
        return None
    try:
        amount = Decimal(said)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < MOST else None


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


@dataclass(frozen=True)
class Month:
    """The costs of a month up to `read`, the day on which Cost Explorer was asked.

    `unread` counts the answer's entries that made no sense.
    """

    first: date
    read: date
    costs: tuple[Cost, ...]
    unread: int = 0

    @property
    def until(self) -> date:
        """The day before which its days are known."""
        return min(month_after(self.first), self.read)

    @property
    def is_final(self) -> bool:
        """Whether it was read when its bill did not change any more."""
        return self.read >= month_after(self.first) + FINAL_AFTER

    def is_due(self, today: date) -> bool:
        """Whether it is to be read again: each day anew, until its bill is final."""
        return self.read < today and not self.is_final


def by_month(firsts: Iterable[date], read: date, page: Page) -> Iterator[Month]:
    """An answer as months, one for each of `firsts`."""
    sorted_out: dict[date, list[Cost]] = defaultdict(list)
    for cost in page.costs:
        sorted_out[cost.day.replace(day=1)].append(cost)
    return (Month(first, read, tuple(sorted_out[first]), page.unread) for first in firsts)


def month_text(month: Month) -> str:
    """A month as the journal keeps it: amounts by account, what and day."""
    kept: dict[str, dict[str, dict[str, str]]] = {}
    for cost in month.costs:
        days = kept.setdefault(cost.account, {}).setdefault(cost.what, {})
        so_far = Decimal(days.get(cost.day.isoformat(), 0))
        days[cost.day.isoformat()] = str(so_far + cost.usd)
    read = month.read.isoformat()
    return json.dumps({"read": read, "unread": month.unread, "costs": kept}, sort_keys=True)


def read_month(first: date, entry: str | None) -> Month | None:
    """What `month_text` wrote; None where there is nothing, or nothing of use: it is then asked for again."""
    try:
        document = json.loads(entry or "null")
        if document is None:
            return None
        costs = tuple(
            Cost(date.fromisoformat(day), AccountId(account), what, Decimal(usd))
            for account, amounts in document["costs"].items()
            for what, days in amounts.items()
            for day, usd in days.items()
        )
        read = date.fromisoformat(document["read"])
        return Month(first, read, costs, int(document["unread"]))
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError):
        return None
