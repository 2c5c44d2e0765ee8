"""A digest's details, for the thread. Pure."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from guardian.digest import Digest, Expiring, Noticed, Priced, title
from guardian.digest.words import at, counted
from guardian.outcome import By, Outcome
from guardian.policy.words import exemption_reason
from guardian.slack.layout import Block, SlackMessage, context, pages, section, sections
from guardian.slack.text import code

LIST = 15  # entries of one sort that the thread spells out
PAGES = 10  # messages of them: Slack takes about one a second
MORE = "There is more: all of it is in the spreadsheet."
Entry = TypeVar("Entry")


def details(digest: Digest) -> Iterator[SlackMessage]:
    """Pages: each list to its fifteenth entry, so that there are a few of them."""
    found = _pages(digest)
    shown = found[:PAGES]
    for number, blocks in enumerate(shown, 1):
        said = f"Details, {number} of {len(shown)}"
        last = number == PAGES < len(found)
        yield SlackMessage(said, (*blocks, *([context(MORE)] if last else [])))


def is_cut(digest: Digest) -> bool:
    """Whether there is more than the thread spells out: the rest is in a spreadsheet."""
    lists = (digest.stopped, digest.would_stop, digest.failed, digest.findings, digest.kept)
    long = any(len(entries) > LIST for entries in lists)
    return not digest.quiet and (long or len(_pages(digest)) > PAGES)


def _pages(digest: Digest) -> Sequence[tuple[Block, ...]]:
    if digest.quiet:
        return ()
    return list(pages(section(text) for lines in _lists(digest) for text in sections(lines)))


def _lists(digest: Digest) -> Iterator[Sequence[str]]:
    stop, plain = partial(_stop_line, digest), partial(_line, digest)
    yield _listed("Stopped", digest.stopped, stop)
    yield _listed("Would have been stopped", digest.would_stop, stop)
    yield _listed("Could not be stopped", digest.failed, plain)
    yield _listed("Findings", digest.findings, _finding_line)
    yield _listed("Kept", digest.kept, plain)
    yield _listed("Exemptions that end soon", digest.expiring, expiring_line)


def _listed(name: str, entries: Sequence[Entry], line: Callable[[Entry], str]) -> Sequence[str]:
    if not entries:
        return ()
    more = len(entries) - LIST
    rest = [f"… and {more:,} more, in the spreadsheet"] if more > 0 else []
    return [f"*{name}* ({len(entries):,})", *map(line, entries[:LIST]), *rest]


def _stop_line(digest: Digest, priced: Priced) -> str:
    usd = priced.saving.usd
    worth = "unknown" if usd is None else f"up to ${usd:,.2f}"
    caught = " · caught by the sweep" if priced.outcome.by is By.SWEEP else ""
    what = _what(digest, priced.outcome)
    return f"• *{worth}* · {what}{caught}\n      {code(priced.saving.basis, 120)}"


def _line(digest: Digest, outcome: Outcome) -> str:
    reason = code(outcome.reason or "no reason given", 120)
    return f"• {_what(digest, outcome)}\n      {reason}"


def _what(digest: Digest, outcome: Outcome) -> str:
    where = code(f"{outcome.target}", 40)
    owner = f" of {code(outcome.owner)}" if outcome.owner else ""
    return f"{_kind(outcome.kind)} {code(outcome.id)}{owner} in {where}, {at(digest, outcome.at)}"


def _kind(kind: str) -> str:
    known = title(kind)
    return code(kind) if known == kind else known  # what nobody here knows is somebody's word


def _finding_line(noticed: Noticed) -> str:
    finding = noticed.finding
    where = f" in {code(str(finding.target), 40)}" if finding.target else ""
    often = f" · {noticed.times:,} times" if noticed.times > 1 else ""
    mended = " · mended" if finding.mended else ""
    return (
        f"• {finding.about.capitalize()}: {code(finding.subject)}{where}{mended}{often}\n"
        f"      {code(finding.reason, 160)}"
    )


def expiring_line(expiring: Expiring) -> str:
    """What ends when, and whom to ask."""
    exempt = expiring.exemption
    owner = f" · {code(exempt.owner)}" if exempt.owner else ""
    ends = f"{expiring.expires.day} {expiring.expires:%b %Y}"
    left = counted(expiring.days, "day")
    return f"• {code(exemption_reason(exempt), 120)}{owner} · ends {ends}, in {left}"
