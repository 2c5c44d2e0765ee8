"""What `guardian costs` prints: real costs, by account and operation, before guardian and with it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from guardian.costs.report import AccountCosts, Avoided, CostReport, Row, Span, dollars
from guardian.documents import Document
from guardian.terminal import Names, clean, named, table

SPENT = ("before", "with it", "change", "in all")
SHOWN = 20
"""So many rows of a table are shown before the rest is counted."""


def costs_document(report: CostReport, names: Names) -> Document:
    """The report as JSON: docs/reference/costs-and-prices.md."""
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "currency": "USD",
        "metric": "UnblendedCost",
        "services": list(report.services),
        "usd": _text(report.usd),
        "avoided": _avoided(report.avoided),
        "guardian": {
            "usd": _text(report.own.usd),
            "by_service": {name: _text(usd) for name, usd in report.own.services.items()},
            "estimate_of_transitions": _text(report.own.estimate),
        },
        "accounts": [_account(each, names) for each in report.accounts],
        "read": report.read.isoformat() if report.read else None,
        "missing_months": [f"{month:%Y-%m}" for month in report.missing],
        "unread_entries": report.unread,
        "requests_today": report.requests,
        "only_own_account": report.only_own_account,
    }


def _account(costs: AccountCosts, names: Names) -> Document:
    return {
        "account": costs.account,
        "name": names.get(costs.account),
        "guardian_since": costs.since.isoformat() if costs.since else None,
        **_row(costs.whole),
        "avoided": _avoided(costs.avoided),
        "operations": [{"operation": name, **_row(row)} for name, row in costs.operations.items()],
    }


def _row(row: Row) -> dict[str, Document | str | None]:
    return {"usd": _text(row.usd), "before": _span(row.before), "after": _span(row.after)}


def _span(span: Span) -> Document:
    return {"usd": _text(span.usd), "days": span.days, "usd_per_day": _text(span.usd_per_day)}


def _avoided(avoided: Avoided) -> Document:
    known = {"usd": _text(avoided.known), "stops": avoided.stops}
    return {**known, "of_unknown_worth": avoided.unknown}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.4f}"


def print_costs(console: Console, report: CostReport, names: Names) -> None:
    """The report for people."""
    title = f"Real costs a day, {report.since} to before {report.until}"
    accounts = [_account_cells(each, names) for each in report.accounts]
    console.print(table(title, ("account", "guardian since", *SPENT, "avoided"), accounts[:SHOWN]))
    _more(console, len(accounts))
    rows = sorted(_operations(report, names), key=lambda each: -each[2].usd)
    shown = [(name, operation, *_cells(row)) for name, operation, row in rows[:SHOWN]]
    console.print(table("By API operation", ("account", "operation", *SPENT), shown))
    _more(console, len(rows))
    for line in _lines(report):
        console.print(Text(line), soft_wrap=True)


def _more(console: Console, count: int) -> None:
    if count > SHOWN:
        console.print(f"… and {count - SHOWN:,} more; JSON has all of them")


def _account_cells(costs: AccountCosts, names: Names) -> Sequence[str]:
    since = costs.since.isoformat() if costs.since else "not yet"
    avoided = dollars(costs.avoided.known) if costs.avoided.stops else "-"
    return named(costs.account, names), since, *_cells(costs.whole), avoided


def _operations(report: CostReport, names: Names) -> Iterator[tuple[str, str, Row]]:
    for account in report.accounts:
        for operation, row in account.operations.items():
            yield named(account.account, names), clean(operation, 40) or "(none)", row


def _cells(row: Row) -> Sequence[str]:
    before, after = row.before.usd_per_day, row.after.usd_per_day
    a_day = ("-" if usd is None else dollars(usd) for usd in (before, after))
    return *a_day, _change(before, after), dollars(row.usd)


def _change(before: Decimal | None, after: Decimal | None) -> str:
    if before is None or after is None or before <= 0:
        return "-"
    return f"{(after - before) / before * 100:+,.0f}%"


def _lines(report: CostReport) -> Iterator[str]:
    avoided = report.avoided
    estimate = f"up to {dollars(avoided.known)} avoided (estimate; stops: {avoided.stops:,})"
    yield f"{dollars(report.usd)} in all; {estimate}"
    own = report.own.usd
    if own is None:
        yield "Guardian itself: unknown; no cost that is known has its tag: is it activated for cost allocation?"
    else:
        yield f"Guardian itself: {dollars(own)} by its tag"
    yield f"Its state machines, reckoned from outcomes: {dollars(report.own.estimate)}"
    yield "Before and with it: the day of the account's first outcome in the journal parts them"
    yield from _reservations(report)


def _reservations(report: CostReport) -> Iterator[str]:
    if report.read:
        yield f"Read from Cost Explorer on {report.read}; {report.requests} paid requests today"
    if report.missing:
        lacking = ", ".join(f"{month:%Y-%m}" for month in report.missing)
        yield f"Not known, for today's requests are used up: {lacking}; --requests allows more"
    if report.unread:
        yield f"{report.unread:,} entries of the answer were no amounts in USD and are left out"
    if report.only_own_account:
        yield "Only this account's own costs: Cost Explorer tells all to the management account alone"
