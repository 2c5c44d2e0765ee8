"""A digest's figures in words, the same in Slack, in a mail and in the terminal. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from guardian.digest.model import Digest, Money, Noticed

LOUDEST = 1000
"""Per cent: ten times as much says nothing more."""


def headline(digest: Digest) -> str:
    """The digest in one line."""
    if digest.stopped:
        stopped = counted(len(digest.stopped), "forgotten session")
        return f"{stopped} stopped, {spoken(digest.avoided, ' avoided')}"
    if digest.would_stop:
        would = counted(len(digest.would_stop), "session")
        return f"Nothing stopped. {would} would have been: {spoken(digest.would_avoid)}"
    return "All quiet: nothing had to be stopped" if digest.quiet else "Nothing was stopped"


def spoken(money: Money, verb: str = "") -> str:
    """`up to $12.30`, with the number of those whose price is unknown."""
    if money.unknown and not money.usd:
        return f"an unknown amount{verb}"
    rest = f" ({money.unknown:,} of unknown price)" if money.unknown else ""
    return f"up to ${money.usd:,.2f}{verb}{rest}"


def usd(money: Money) -> str:
    """An amount for a table; `+` where more is unknown."""
    if money.unknown and not money.usd:
        return "unknown"
    return f"${money.usd:,.2f}{'+' if money.unknown else ' '}"


def figures(digest: Digest) -> Iterator[tuple[str, str]]:
    """What is told at a glance: ten names at most, each with its figure."""
    yield "Stopped", f"{len(digest.stopped):,}"
    if digest.stopped:
        yield "Avoided", spoken(digest.avoided)
    before, mean, now = digest.previous, digest.mean, digest.avoided.usd
    worth = f", {spoken(before.avoided)}{trend(before.avoided.usd, now)}" if before.stopped else ""
    yield "The window before", f"{before.stopped:,} stopped{worth}"
    if mean.days:
        yield (
            f"Mean of {counted(mean.days, 'day')}",
            f"{mean.stopped:,} stopped, up to ${mean.usd:,.2f}{trend(mean.usd, now)}",
        )
    if digest.would_stop:
        yield "Would have stopped", f"{len(digest.would_stop):,}, {spoken(digest.would_avoid)}"
    yield "Kept", f"{len(digest.kept):,}"
    yield from _attention(digest)


def _attention(digest: Digest) -> Iterator[tuple[str, str]]:
    if digest.failed:
        yield "Could not be stopped", f"{len(digest.failed):,}"
    if digest.missed:
        yield "Missed by events, caught by the sweep", f"{digest.missed:,}"
    if digest.findings:
        yield "Findings", _findings(digest.findings)
    if digest.expiring:
        days = counted(digest.expiring[0].days, "day")
        yield "Exemptions that end soon", f"{len(digest.expiring):,}, the first in {days}"


def _findings(findings: Sequence[Noticed]) -> str:
    mended = sum(noticed.finding.mended for noticed in findings)
    about = Counter(noticed.finding.about.value for noticed in findings)
    each = ", ".join(f"{count:,} {name}" for name, count in sorted(about.items()))
    return f"{len(findings):,} ({mended:,} mended): {each}"


def trend(before: Decimal, now: Decimal) -> str:
    """How much more or less it is now, in per cent; empty where that says nothing."""
    if not before:
        return ""
    change = (now - before) / before * 100
    return f" ({change:+,.0f} %)" if abs(change) < LOUDEST else ""


def span(digest: Digest) -> str:
    """From when to when, in the digest's time zone; both names of the zone where the clocks changed."""
    zone = ZoneInfo(digest.timezone)
    since, until = (
        moment.astimezone(zone) for moment in (digest.window.since, digest.window.until)
    )
    changed = f" {since:%Z}" if f"{since:%Z}" != f"{until:%Z}" else ""
    return f"{_at(since)}{changed} to {_at(until)} {until:%Z}"


def at(digest: Digest, moment: datetime) -> str:
    """A moment in the digest's time zone."""
    return _at(moment.astimezone(ZoneInfo(digest.timezone)))


def _at(there: datetime) -> str:
    return f"{there.day} {there:%b %H:%M}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
