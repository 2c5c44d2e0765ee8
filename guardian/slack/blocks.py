"""A digest as Slack messages: a summary, and its details for the thread. Pure.

Slack's limits hold by construction: a message has at most 40 blocks and 10,000 characters (Slack: 50 and an unwritten
13,200), a section 2,900 (3,000), a header 150.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from guardian.digest import BASIS, Digest, Money, Noticed, Priced, Row, title
from guardian.documents import Json
from guardian.outcome import By, Outcome
from guardian.slack.text import cell, clean, clip, code, escape, size

SECTION = 2_900
MESSAGE = 9_500
BLOCKS = 38
LIST = 100  # entries of one kind that the thread spells out
LINES = 10  # of a notice
LINE = 250  # characters: a problem with its place and a hint
PAGES = 10  # messages in the thread: Slack takes about one a second

Block = Mapping[str, Json]
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class SlackMessage:
    """`text` is what a notification and a screen reader say."""

    text: str
    blocks: tuple[Block, ...]


def messages(digest: Digest) -> tuple[SlackMessage, ...]:
    """The message for the channel, then those for its thread."""
    return (_summary(digest), *_pages(digest))


def note(said: str) -> SlackMessage:
    """A message of one sentence, which may hold other people's words."""
    shown = escape(clip(clean(said), 300))
    return SlackMessage(shown, (_context(clip(clean(said), 300)),))


def notice(lines: Sequence[str]) -> SlackMessage:
    """A message of a sentence of our own, and below it lines that may hold other people's words."""
    said, *details = lines
    shown = [f"• {code(line, LINE)}" for line in details[:LINES]]
    more = len(details) - LINES
    rest = [_context(f"… and {more:,} more")] if more > 0 else []
    sections = [_section(text) for text in _sections([f"*{escape(clean(said))}*", *shown])]
    return SlackMessage(escape(clean(said)), (*sections, *rest))


def headline(digest: Digest) -> str:
    """The digest in one line."""
    if digest.stopped:
        stopped = _count(len(digest.stopped), "forgotten session")
        return f"{stopped} stopped, {spoken(digest.avoided, ' avoided')}"
    if digest.would_stop:
        would = _count(len(digest.would_stop), "session")
        return f"Nothing stopped. {would} would have been: {spoken(digest.would_avoid)}"
    return "All quiet: nothing had to be stopped" if digest.quiet else "Nothing was stopped"


def spoken(money: Money, verb: str = "") -> str:
    """`up to $12.30`, with the number of those whose price is unknown."""
    if money.unknown and not money.usd:
        return f"an unknown amount{verb}"
    rest = f" ({money.unknown:,} of unknown price)" if money.unknown else ""
    return f"up to ${money.usd:,.2f}{verb}{rest}"


def _summary(digest: Digest) -> SlackMessage:
    said = headline(digest)
    blocks: list[Block] = [_header(said), _context(f"{_span(digest)} · guardian")]
    if not digest.quiet:
        blocks.append(_fields(_figures(digest)))
        blocks += _tables(digest)
        blocks.append(_context(f"{BASIS} Details are in the thread."))
    return SlackMessage(f"{said} ({_span(digest)})", tuple(blocks))


def _figures(digest: Digest) -> Iterator[str]:
    yield f"*Stopped*\n{len(digest.stopped):,}"
    yield f"*Avoided*\n{spoken(digest.avoided)}"
    yield f"*The window before*\n{digest.previous.stopped:,} stopped, {spoken(digest.previous.avoided)}{_trend(digest)}"
    if digest.would_stop:
        yield f"*Would have stopped*\n{len(digest.would_stop):,}, {spoken(digest.would_avoid)}"
    yield f"*Kept*\n{len(digest.kept):,}"
    if digest.failed:
        yield f"*:warning: Could not be stopped*\n{len(digest.failed):,}"
    if digest.missed:
        yield f"*Caught by the sweep alone*\n{digest.missed:,}"
    if digest.findings:
        mended = sum(noticed.finding.mended for noticed in digest.findings)
        yield f"*Findings*\n{len(digest.findings):,} ({mended:,} mended)"


def _trend(digest: Digest) -> str:
    before, now = digest.previous.avoided.usd, digest.avoided.usd
    if not before:
        return ""
    change = (now - before) / before * 100
    return f" ({change:+,.0f} %)" if abs(change) < 1000 else ""  # noqa: PLR2004 -- ten times says nothing more


def _tables(digest: Digest) -> Iterator[Block]:
    columns = (
        ("By kind", digest.kinds),
        ("By account", digest.accounts),
        ("By owner", digest.owners),
    )
    for name, rows in columns:
        if rows:
            yield _section(_table(name, rows))


def _table(name: str, rows: Sequence[Row]) -> str:
    lines = [f"{cell(name, 34)} {'stopped':>8} {'avoided':>13}"]
    lines += [f"{cell(row.name, 34)} {row.stopped:>8,} {_usd(row.avoided):>13}" for row in rows]
    return "```\n" + "\n".join(lines) + "\n```"


def _usd(money: Money) -> str:
    if money.unknown and not money.usd:
        return "unknown"
    return f"${money.usd:,.2f}{'+' if money.unknown else ' '}"


def _pages(digest: Digest) -> Iterator[SlackMessage]:
    if digest.quiet:
        return
    sections = (text for lines in _lists(digest) for text in _sections(lines))
    pages = list(_grouped(sections, MESSAGE, BLOCKS))
    shown = pages[:PAGES]
    for number, texts in enumerate(shown, 1):
        blocks = [_section(text) for text in texts]
        if number == PAGES < len(pages):
            blocks.append(_context("There is more: all of it is in the journal."))
        yield SlackMessage(f"Details, {number} of {len(shown)}", tuple(blocks))


def _lists(digest: Digest) -> Iterator[Sequence[str]]:
    yield _listed("Stopped", digest.stopped, _stop_line)
    yield _listed("Would have been stopped", digest.would_stop, _stop_line)
    yield _listed("Could not be stopped", digest.failed, _line)
    yield _listed("Findings", digest.findings, _finding_line)
    yield _listed("Kept", digest.kept, _line)


def _listed(name: str, entries: Sequence[Entry], line: Callable[[Entry], str]) -> Sequence[str]:
    if not entries:
        return ()
    more = len(entries) - LIST
    rest = [f"… and {more:,} more, in the journal"] if more > 0 else []
    return [f"*{name}* ({len(entries):,})", *map(line, entries[:LIST]), *rest]


def _stop_line(priced: Priced) -> str:
    usd = priced.saving.usd
    worth = "unknown" if usd is None else f"up to ${usd:,.2f}"
    caught = " · caught by the sweep" if priced.outcome.by is By.SWEEP else ""
    return f"• *{worth}* · {_what(priced.outcome)}{caught}\n      {code(priced.saving.basis, 120)}"


def _line(outcome: Outcome) -> str:
    return f"• {_what(outcome)}\n      {code(outcome.reason or 'no reason given', 120)}"


def _what(outcome: Outcome) -> str:
    where = code(f"{outcome.target}", 40)
    owner = f" of {code(outcome.owner)}" if outcome.owner else ""
    return f"{_kind(outcome.kind)} {code(outcome.id)}{owner} in {where}, {_at(outcome.at)}"


def _kind(kind: str) -> str:
    known = title(kind)
    return (
        code(kind) if known == kind else known
    )  # a kind that nobody here knows is somebody's word


def _finding_line(noticed: Noticed) -> str:
    finding = noticed.finding
    where = f" in {code(str(finding.target), 40)}" if finding.target else ""
    often = f" · {noticed.times:,} times" if noticed.times > 1 else ""
    mended = " · mended" if finding.mended else ""
    return (
        f"• {finding.about.capitalize()}: {code(finding.subject)}{where}{mended}{often}\n"
        f"      {code(finding.reason, 160)}"
    )


def _sections(lines: Iterable[str]) -> Iterator[str]:
    return ("\n".join(group) for group in _grouped(lines, SECTION, SECTION))


def _grouped(texts: Iterable[str], most: int, count: int) -> Iterator[Sequence[str]]:
    group: list[str] = []
    used = 0
    for text in texts:
        needed = size(text) + 1
        if group and (used + needed > most or len(group) == count):
            yield group
            group, used = [], 0
        group.append(text)
        used += needed
    if group:
        yield group


def _span(digest: Digest) -> str:
    return f"{_at(digest.window.since)} to {_at(digest.window.until)} UTC"


def _at(moment: datetime) -> str:
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%b %H:%M}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _header(text: str) -> Block:
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": clip(clean(text), 150), "emoji": False},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _fields(texts: Iterable[str]) -> Block:
    return {"type": "section", "fields": [_mrkdwn(text) for text in texts]}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(escape(text))]}


def _mrkdwn(text: str) -> dict[str, Json]:
    # Verbatim: Slack makes no link of what looks like one.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
