"""What people are told of a window: the numbers, what was stopped, kept and found, and what it was worth. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from guardian.documents import Document, Json, instant
from guardian.ids import AccountId
from guardian.kinds import all_kinds
from guardian.kinds.base import PriceBook
from guardian.outcome import By, Finding, Outcome, Result, without_echoes
from guardian.prices import CENT, Saving, saving

TOP = 10
BASIS = (
    "Estimates at list prices, before discounts: what each would have cost until its own timeout, "
    "24 hours at most."
)


@dataclass(frozen=True, order=True)
class Window:
    """since <= moment < until."""

    since: datetime
    until: datetime

    @property
    def before(self) -> "Window":
        """The window of the same length that ends where this one begins."""
        return Window(self.since - (self.until - self.since), self.since)


@dataclass(frozen=True)
class Audience:
    """Who reads a digest: a Slack channel, and the accounts it is told of; None for all of the organization."""

    channel: str
    accounts: frozenset[AccountId] | None = None
    names: Mapping[AccountId, str] = field(default_factory=dict)

    def hears_of(self, account: AccountId | None) -> bool:
        """Whether an entry concerns it; what concerns no account in particular concerns everybody."""
        return self.accounts is None or account is None or account in self.accounts


@dataclass(frozen=True)
class Money:
    """A sum in USD of what is known, and of how many nothing is known."""

    usd: Decimal = Decimal(0)
    unknown: int = 0


@dataclass(frozen=True)
class Priced:
    outcome: Outcome
    saving: Saving


@dataclass(frozen=True)
class Row:
    """One account, owner or kind; `more` counts those that a last row stands for."""

    name: str
    stopped: int
    avoided: Money
    more: int = 0


@dataclass(frozen=True)
class Noticed:
    """A finding, the last of `times` that say the same."""

    finding: Finding
    times: int


@dataclass(frozen=True)
class Digest:
    """`stopped` and `would_stop` are the dearest first, all else is the oldest first.

    `days` has every day of the window in UTC, with the avoided cost by kind.
    """

    channel: str
    window: Window
    stopped: tuple[Priced, ...]
    would_stop: tuple[Priced, ...]
    kept: tuple[Outcome, ...]
    failed: tuple[Outcome, ...]
    gone: int
    findings: tuple[Noticed, ...]
    previous: Row
    accounts: tuple[Row, ...]
    owners: tuple[Row, ...]
    kinds: tuple[Row, ...]
    days: Mapping[date, Mapping[str, Decimal]]

    @property
    def avoided(self) -> Money:
        return total(self.stopped)

    @property
    def would_avoid(self) -> Money:
        return total(self.would_stop)

    @property
    def missed(self) -> int:
        """How many of the stopped no event announced."""
        return sum(priced.outcome.by is By.SWEEP for priced in self.stopped)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing that anybody has to know."""
        return not (self.stopped or self.would_stop or self.failed or self.findings)

    def as_json(self) -> Document:
        """The digest as plain data: docs/reference/digest.md."""
        return {
            "channel": self.channel,
            "since": instant(self.window.since),
            "until": instant(self.window.until),
            "quiet": self.quiet,
            "basis": BASIS,
            "stopped": {"count": len(self.stopped), "missed_by_events": self.missed}
            | _money(self.avoided),
            "previous": {"count": self.previous.stopped} | _money(self.previous.avoided),
            "would_stop": {"count": len(self.would_stop)} | _money(self.would_avoid),
            "kept": [_entry(outcome) for outcome in self.kept],
            "failed": [_entry(outcome) for outcome in self.failed],
            "already_gone": self.gone,
            "findings": [_noticed(noticed) for noticed in self.findings],
            "by_account": [_row(row) for row in self.accounts],
            "by_owner": [_row(row) for row in self.owners],
            "by_kind": [_row(row) for row in self.kinds],
            "days": {
                day.isoformat(): {kind: str(usd) for kind, usd in kinds.items()}
                for day, kinds in self.days.items()
            },
            "stops": [_priced(priced) for priced in self.stopped],
            "would_stops": [_priced(priced) for priced in self.would_stop],
        }


def compose(
    audience: Audience,
    window: Window,
    outcomes: Iterable[Outcome],
    findings: Iterable[Finding],
    previous: Iterable[Outcome],
    prices: PriceBook,
) -> Digest:
    """The digest of a window's entries for an audience; `previous` are the outcomes of the window before."""
    by_result = _of_results(audience, without_echoes(outcomes))
    stopped_before = (outcome for outcome in previous if outcome.result is Result.STOPPED)
    before = _of_results(audience, stopped_before)[Result.STOPPED]
    stopped = _by_worth(by_result[Result.STOPPED], prices)
    return Digest(
        channel=audience.channel,
        window=window,
        stopped=stopped,
        would_stop=_by_worth(by_result[Result.WOULD_STOP], prices),
        kept=by_result[Result.KEPT],
        failed=by_result[Result.FAILED],
        gone=len(by_result[Result.GONE]),
        findings=_noticings(f for f in findings if audience.hears_of(_account(f))),
        previous=Row("before", len(before), total(_priced_at(o, prices) for o in before)),
        accounts=_rows(stopped, lambda o: _named(o.target.account, audience.names)),
        owners=_rows(stopped, lambda o: o.owner or "unknown"),
        kinds=_rows(stopped, lambda o: title(o.kind)),
        days=_days(window, stopped),
    )


def title(kind: str) -> str:
    """What people call a kind."""
    known = all_kinds().get(kind)
    return known.title if known else kind


def total(priced: Iterable[Priced]) -> Money:
    """The sum of what is known."""
    amounts = [p.saving.usd for p in priced]
    known = [usd for usd in amounts if usd is not None]
    return Money(sum(known, Decimal(0)).quantize(CENT), len(amounts) - len(known))


def _of_results(
    audience: Audience, outcomes: Iterable[Outcome]
) -> Mapping[Result, tuple[Outcome, ...]]:
    heard = {o.identity: o for o in outcomes if audience.hears_of(o.target.account)}
    found = sorted(heard.items(), key=lambda item: (item[1].at, item[0]))
    return {result: tuple(o for _, o in found if o.result is result) for result in Result}


def _account(finding: Finding) -> AccountId | None:
    return finding.target.account if finding.target else None


def _by_worth(outcomes: Sequence[Outcome], prices: PriceBook) -> tuple[Priced, ...]:
    # The sort is stable: what is worth the same stays oldest first; the unknown come last.
    priced = [_priced_at(outcome, prices) for outcome in outcomes]
    return tuple(sorted(priced, key=lambda p: (p.saving.usd is None, -(p.saving.usd or 0))))


def _priced_at(outcome: Outcome, prices: PriceBook) -> Priced:
    return Priced(outcome, avoided(outcome, prices))


def avoided(outcome: Outcome, prices: PriceBook) -> Saving:
    """What ending it avoided, or would have."""
    return saving(outcome.kind, outcome.facts, outcome.target.region, prices)


def _rows(priced: Sequence[Priced], name: Callable[[Outcome], str]) -> tuple[Row, ...]:
    groups: dict[str, list[Priced]] = {}
    for one in priced:
        groups.setdefault(name(one.outcome), []).append(one)
    rows = [Row(key, len(group), total(group)) for key, group in groups.items()]
    rows.sort(key=lambda row: (-row.avoided.usd, -row.stopped, row.name))
    return (*rows[:TOP], *_rest(rows[TOP:]))


def _rest(rows: Sequence[Row]) -> tuple[Row, ...]:
    if not rows:
        return ()
    money = Money(
        sum((row.avoided.usd for row in rows), Decimal(0)), sum(r.avoided.unknown for r in rows)
    )
    return (Row(f"{len(rows)} more", sum(row.stopped for row in rows), money, more=len(rows)),)


def _named(account: AccountId, names: Mapping[AccountId, str]) -> str:
    return f"{names[account]} {account}" if names.get(account) else account


def _noticings(findings: Iterable[Finding]) -> tuple[Noticed, ...]:
    # A drift that comes back every hour is one line, not twenty-four.
    times: Counter[tuple[str, ...]] = Counter()
    last: dict[tuple[str, ...], Finding] = {}
    for finding in sorted(findings, key=lambda f: (f.at, f.identity)):
        same = (finding.about, str(finding.target), finding.subject, finding.reason)
        times[same] += 1
        last[same] = finding
    return tuple(Noticed(last[same], times[same]) for same in times)


def _days(window: Window, stopped: Iterable[Priced]) -> Mapping[date, Mapping[str, Decimal]]:
    first, last = window.since.astimezone(UTC), window.until.astimezone(UTC) - _INSTANT
    count = max(0, (last.date() - first.date()).days) + 1
    days: dict[date, dict[str, Decimal]] = {
        first.date() + timedelta(days=n): {} for n in range(count)
    }
    for priced in stopped:
        if not priced.saving.usd:
            continue
        # What arrived late happened before the window: its first day shows it.
        day = min(max(priced.outcome.at, first), max(first, last)).astimezone(UTC).date()
        kind = priced.outcome.kind
        days[day][kind] = days[day].get(kind, Decimal(0)) + priced.saving.usd
    return {day: dict(sorted(kinds.items())) for day, kinds in days.items()}


_INSTANT = timedelta(milliseconds=1)


def _money(money: Money) -> dict[str, Json]:
    return {"avoided_usd": str(money.usd), "unknown": money.unknown}


def _row(row: Row) -> Document:
    named: dict[str, Json] = {"name": row.name, "stopped": row.stopped}
    return named | _money(row.avoided)


def _entry(outcome: Outcome) -> dict[str, Json]:
    return {
        "kind": outcome.kind,
        "id": outcome.id,
        "account": outcome.target.account,
        "region": outcome.target.region,
        "owner": outcome.owner,
        "policy": outcome.policy,
        "at": instant(outcome.at),
        "by": outcome.by,
        "reason": outcome.reason,
    }


def _priced(priced: Priced) -> Document:
    usd = priced.saving.usd
    worth: dict[str, Json] = {
        "avoided_usd": None if usd is None else str(usd),
        "basis": priced.saving.basis,
    }
    return _entry(priced.outcome) | worth


def _noticed(noticed: Noticed) -> Document:
    finding = noticed.finding
    return {
        "about": finding.about,
        "target": str(finding.target) if finding.target else None,
        "subject": finding.subject,
        "reason": finding.reason,
        "mended": finding.mended,
        "last": instant(finding.at),
        "times": noticed.times,
    }
