"""Makes the digest of a window out of the journal's entries. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from guardian.digest.days import avoided_by_day
from guardian.digest.expiry import expiring
from guardian.digest.history import Past
from guardian.digest.model import (
    Audience,
    Breakdown,
    Digest,
    Keeper,
    Money,
    Noticed,
    Priced,
    Row,
    Window,
    sum_of,
)
from guardian.digest.worth import by_worth, title
from guardian.ids import AccountId
from guardian.kinds.base import PriceBook
from guardian.outcome import Finding, Outcome, Result, without_echoes

TOP = 10


def compose(
    audience: Audience,
    window: Window,
    outcomes: Iterable[Outcome],
    findings: Iterable[Finding],
    past: Past,
    prices: PriceBook,
) -> Digest:
    """The digest of a window's entries for an audience."""
    by_result = _of_results(audience, without_echoes(outcomes))
    stopped = by_worth(by_result[Result.STOPPED], prices)
    would_stop = by_worth(by_result[Result.WOULD_STOP], prices)
    return Digest(
        channel=audience.channel,
        window=window,
        timezone=audience.timezone,
        names=audience.names,
        stopped=stopped,
        would_stop=would_stop,
        kept=by_result[Result.KEPT],
        failed=by_result[Result.FAILED],
        gone=len(by_result[Result.GONE]),
        findings=_noticings(f for f in findings if audience.hears_of(_account(f))),
        expiring=expiring(audience.exemptions, window),
        previous=past.previous,
        mean=past.mean,
        stopped_by=_breakdown(stopped, audience.names),
        would_by=_breakdown(would_stop, audience.names),
        kept_by=_keepers(by_result[Result.KEPT]),
        days=avoided_by_day(window, audience.timezone, stopped),
    )


def _of_results(
    audience: Audience, outcomes: Iterable[Outcome]
) -> Mapping[Result, tuple[Outcome, ...]]:
    heard = {o.identity: o for o in outcomes if audience.hears_of(o.target.account)}
    found = sorted(heard.items(), key=lambda item: (item[1].at, item[0]))
    lists: dict[Result, list[Outcome]] = {result: [] for result in Result}
    for _, outcome in found:
        lists[outcome.result].append(outcome)
    return {result: tuple(those) for result, those in lists.items()}


def _account(finding: Finding) -> AccountId | None:
    return finding.target.account if finding.target else None


def _breakdown(priced: Sequence[Priced], names: Mapping[AccountId, str]) -> Breakdown:
    return Breakdown(
        kinds=_rows(priced, lambda o: title(o.kind)),
        accounts=_rows(priced, lambda o: _named(o.target.account, names)),
        owners=_rows(priced, lambda o: o.owner or "unknown"),
    )


def _rows(priced: Sequence[Priced], name: Callable[[Outcome], str]) -> tuple[Row, ...]:
    groups: dict[str, list[Priced]] = {}
    for one in priced:
        groups.setdefault(name(one.outcome), []).append(one)
    rows = [Row(key, len(group), sum_of(group)) for key, group in groups.items()]
    rows.sort(key=lambda row: (-row.avoided.usd, -row.stopped, row.name))
    return (*rows[:TOP], *_rest(rows[TOP:]))


def _rest(rows: Sequence[Row]) -> tuple[Row, ...]:
    if not rows:
        return ()
    money = sum((row.avoided for row in rows), Money())
    return (Row(f"{len(rows)} more", sum(row.stopped for row in rows), money, more=len(rows)),)


def _named(account: AccountId, names: Mapping[AccountId, str]) -> str:
    return f"{names[account]} {account}" if names.get(account) else account


def _keepers(kept: Iterable[Outcome]) -> tuple[Keeper, ...]:
    counted = Counter((o.owner or "unknown", o.reason) for o in kept)
    keepers = [Keeper(owner, reason, count) for (owner, reason), count in counted.items()]
    keepers.sort(key=lambda k: (-k.kept, k.owner, k.reason))
    rest = keepers[TOP:]
    count = sum(keeper.kept for keeper in rest)
    return (*keepers[:TOP], *([Keeper("others", "", count, len(rest))] if rest else []))


def _noticings(findings: Iterable[Finding]) -> tuple[Noticed, ...]:
    # A drift that comes back every hour is one line, not twenty-four.
    times: Counter[tuple[str, ...]] = Counter()
    last: dict[tuple[str, ...], Finding] = {}
    for finding in sorted(findings, key=lambda f: (f.at, f.identity)):
        same = (finding.about, str(finding.target), finding.subject, finding.reason)
        times[same] += 1
        last[same] = finding
    return tuple(Noticed(last[same], times[same]) for same in times)
