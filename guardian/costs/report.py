"""Real costs beside what guardian did: before and after, and what it is estimated to have avoided. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

from guardian.costs import Cost
from guardian.costs.answers import Month
from guardian.ids import AccountId
from guardian.kinds.base import PriceBook
from guardian.outcome import By, Outcome, Result, without_echoes
from guardian.prices import saving

CENT = Decimal("0.01")
NOTHING = Decimal(0)
WEEK = timedelta(days=7)
TRANSITIONS, USD_A_TRANSITION = 10, Decimal("0.000025")
"""Of one governed start: the state machine from Read to Report, at Step Functions' list price."""


@dataclass(frozen=True)
class Span:
    """What so many days cost."""

    usd: Decimal = NOTHING
    days: int = 0

    @property
    def usd_per_day(self) -> Decimal | None:
        """None for no days at all."""
        return self.usd / self.days if self.days else None

    def plus(self, usd: Decimal) -> "Span":
        return Span(self.usd + usd, self.days)


@dataclass(frozen=True)
class Avoided:
    """What stops avoided at most, as far as it is known; `unknown` counts those whose worth is not."""

    usd: Decimal = NOTHING
    stops: int = 0
    unknown: int = 0

    @property
    def known(self) -> Decimal | None:
        """None where nothing is known of any stop there was."""
        return None if self.stops and self.stops == self.unknown else self.usd


@dataclass(frozen=True)
class Row:
    """The costs of an account, or of one operation in it, before guardian and with it."""

    before: Span
    after: Span

    @property
    def usd(self) -> Decimal:
        return self.before.usd + self.after.usd


@dataclass(frozen=True)
class AccountCosts:
    """`since` is the day of the account's first outcome in the journal, None where it has none: all is before then."""

    account: AccountId
    since: date | None
    whole: Row
    operations: Mapping[str, Row]
    avoided: Avoided


@dataclass(frozen=True)
class OwnCosts:
    """What guardian itself cost by its tag, by service; nothing there means that it is not known.

    `estimate` are the state machines' transitions at list price.
    """

    services: Mapping[str, Decimal]
    estimate: Decimal

    @property
    def usd(self) -> Decimal | None:
        return sum(self.services.values(), NOTHING) if self.services else None


@dataclass(frozen=True)
class CostReport:
    """The real costs of the days from `since` to before `until` that are known.

    `read` is when the oldest figure that still changes was read, `missing` the months nobody could pay to read,
    `unread` the entries of the answer that made no sense, `requests` the paid ones of today. `only_own_account` says
    that Cost Explorer knows no other account's costs here.
    """

    since: date
    until: date
    accounts: tuple[AccountCosts, ...]
    own: OwnCosts
    read: date | None = None
    missing: tuple[date, ...] = ()
    unread: int = 0
    requests: int = 0
    only_own_account: bool = False
    services: tuple[str, ...] = ()

    @property
    def usd(self) -> Decimal:
        return sum((account.whole.usd for account in self.accounts), NOTHING)

    @property
    def avoided(self) -> Avoided:
        return _sum(account.avoided for account in self.accounts)


@dataclass(frozen=True)
class Stops:
    """What the journal has of stops: by account, how much each day avoided, and the day of the first outcome."""

    first: Mapping[AccountId, date]
    avoided: Mapping[AccountId, Mapping[date, Avoided]]
    started: Mapping[date, int]

    def within(self, account: AccountId, since: date, until: date) -> Avoided:
        days = self.avoided.get(account, {})
        return _sum(avoided for day, avoided in days.items() if since <= day < until)

    def all_within(self, since: date, until: date) -> Avoided:
        return _sum(self.within(account, since, until) for account in self.avoided)


def stops_of(outcomes: Iterable[Outcome], prices: PriceBook) -> Stops:
    """What outcomes say of stops; those of all time, for the first of an account is its beginning."""
    first: dict[AccountId, date] = {}
    avoided: dict[AccountId, dict[date, Avoided]] = defaultdict(dict)
    started: dict[date, int] = defaultdict(int)
    for outcome in without_echoes(outcomes):
        account, day = outcome.target.account, outcome.at.astimezone(UTC).date()
        first[account] = min(first.get(account, day), day)
        started[day] += outcome.by is By.EVENT
        if outcome.result is Result.STOPPED:
            usd = saving(outcome.kind, outcome.facts, outcome.target.region, prices).usd
            worth = Avoided(usd or NOTHING, 1, int(usd is None))
            days = avoided[account]
            days[day] = _sum([days.get(day, Avoided()), worth])
    return Stops(first, avoided, started)


def _sum(amounts: Iterable[Avoided]) -> Avoided:
    listed = tuple(amounts)
    return Avoided(
        sum((each.usd for each in listed), NOTHING),
        sum(each.stops for each in listed),
        sum(each.unknown for each in listed),
    )


def account_costs(
    months: Iterable[Month], stops: Stops, since: date, until: date
) -> tuple[AccountCosts, ...]:
    """The costs of each account that had any, or had stops, dearest first. Only days that are known count."""
    listed = tuple(months)
    days = {day for month in listed for day in _days(month, since, until)}
    by_account: dict[AccountId, list[Cost]] = defaultdict(list)
    for month in listed:
        for cost in month.costs:
            if cost.day in days:
                by_account[cost.account].append(cost)
    for account in stops.avoided:
        if stops.within(account, since, until).stops:
            by_account.setdefault(account, [])
    found = (
        _account(
            account, costs, days, stops.first.get(account), stops.within(account, since, until)
        )
        for account, costs in by_account.items()
    )
    return tuple(sorted(found, key=lambda each: (-each.whole.usd, each.account)))


def _days(month: Month, since: date, until: date) -> Iterable[date]:
    first, last = max(month.first, since), min(month.until, until)
    return (first + timedelta(days=n) for n in range((last - first).days))


def _account(
    account: AccountId,
    costs: Iterable[Cost],
    days: Collection[date],
    began: date | None,
    avoided: Avoided,
) -> AccountCosts:
    before = sum(1 for day in days if began is None or day < began)
    empty = Row(Span(days=before), Span(days=len(days) - before))
    operations: dict[str, Row] = {}
    whole = empty
    for cost in costs:
        early = began is None or cost.day < began
        operations[cost.what] = _added(operations.get(cost.what, empty), cost.usd, early=early)
        whole = _added(whole, cost.usd, early=early)
    dearest = sorted(operations.items(), key=lambda item: (-item[1].usd, item[0]))
    return AccountCosts(account, began, whole, dict(dearest), avoided)


def _added(row: Row, usd: Decimal, *, early: bool) -> Row:
    return Row(row.before.plus(usd), row.after) if early else Row(row.before, row.after.plus(usd))


def own_costs(months: Iterable[Month], stops: Stops, since: date, until: date) -> OwnCosts:
    """What guardian cost in these days."""
    services: dict[str, Decimal] = defaultdict(Decimal)
    for month in months:
        for cost in month.costs:
            if since <= cost.day < until:
                services[cost.what] += cost.usd
    starts = sum(count for day, count in stops.started.items() if since <= day < until)
    return OwnCosts(dict(sorted(services.items())), starts * TRANSITIONS * USD_A_TRANSITION)


def week_lines(months: Iterable[Month], stops: Stops, until: date) -> tuple[str, ...]:
    """Lines for a digest: real costs of the seven days before `until`, those of the week before, and the estimate.

    Nothing where Cost Explorer was not asked about all of these days.
    """
    since, earlier = until - WEEK, until - 2 * WEEK
    listed = tuple(months)
    days = {day for month in listed for day in _days(month, earlier, until)}
    if len(days) < 2 * WEEK.days:
        return ()
    costs = [cost for month in listed for cost in month.costs if cost.day in days]
    now = sum((cost.usd for cost in costs if cost.day >= since), NOTHING)
    then = sum((cost.usd for cost in costs if cost.day < since), NOTHING)
    avoided = stops.all_within(since, until)
    last = until - timedelta(days=1)
    days_shown = f"{since:%d %b} to {last:%d %b}"
    spent = f"{dollars(now)}, {_change(now, then)} (Cost Explorer; the last days may still change)"
    return (
        f"Real cost of the governed services, {days_shown}: {spent}.",
        f"Estimated as avoided in these days: up to {dollars(avoided.known)} (stops: {avoided.stops:,}).",
    )


def _change(now: Decimal, then: Decimal) -> str:
    if then <= 0:
        return f"{dollars(then)} the week before"
    percent = (now - then) / then * 100
    return f"{percent:+.0f} % on {dollars(then)} the week before"


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it; unknown is said, never 0."""
    if amount is None:
        return "unknown"
    if 0 < amount < CENT / 2:
        return "under $0.01"
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount).quantize(CENT):,}"
