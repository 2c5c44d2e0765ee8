"""A digest as Slack messages: a summary, and its details for the thread. Pure."""

from collections.abc import Iterator, Sequence

from guardian.digest import BASIS, Breakdown, Digest, Keeper, Row
from guardian.digest.words import figures, headline, span, usd
from guardian.slack.details import details, is_cut
from guardian.slack.layout import (
    Block,
    SlackMessage,
    context,
    fields,
    header,
    pages,
    section,
    sections,
)
from guardian.slack.people import People, owner
from guardian.slack.text import cell, clean, clip, code, escape

LINES = 10  # of a notice
LINE = 250  # characters: a problem with its place and a hint
NOTE = 300
NAME = 34  # characters of a table's first column
ATTENTION = {"Could not be stopped", "Exemptions that end soon"}
NOBODY: People = {}

__all__ = ["SlackMessage", "headline", "messages", "note", "notice"]


def messages(digest: Digest, people: People = NOBODY) -> tuple[SlackMessage, ...]:
    """The message for the channel, then those for its thread; `people` are the owners whom Slack knows."""
    said = f"{headline(digest)} ({span(digest)})"
    first, *more = (SlackMessage(said, blocks) for blocks in pages(_summary(digest, people)))
    return (first, *more, *details(digest))


def note(said: str) -> SlackMessage:
    """A message of one sentence, which may hold other people's words."""
    shown = clip(clean(said), NOTE)
    return SlackMessage(escape(shown), (context(shown),))


def notice(lines: Sequence[str]) -> SlackMessage:
    """A message of a sentence of our own, and below it lines that may hold other people's words."""
    said, *rest = lines
    shown = [f"• {code(line, LINE)}" for line in rest[:LINES]]
    more = len(rest) - LINES
    cut = [context(f"… and {more:,} more")] if more > 0 else []
    found = [section(text) for text in sections([f"*{escape(clean(said))}*", *shown])]
    return SlackMessage(escape(clean(said)), (*found, *cut))


def _summary(digest: Digest, people: People) -> Iterator[Block]:
    yield header(headline(digest))
    yield context(f"{span(digest)} · guardian")
    if digest.spent:
        yield section("\n".join(escape(clean(said)) for said in digest.spent))
    if digest.quiet:
        return
    yield fields(_figure(name, figure) for name, figure in figures(digest))
    yield from _tables(digest.stopped_by, "stopped", "avoided")
    yield from _owners("By owner", digest.stopped_by, people)
    yield from _would(digest, people)
    yield from _keepers(digest.kept_by)
    where = "Details and a spreadsheet with all of them" if is_cut(digest) else "Details"
    yield context(f"{BASIS} {where} are in the thread.")


def _figure(name: str, figure: str) -> str:
    return f"*{':warning: ' if name in ATTENTION else ''}{name}*\n{figure}"


def _tables(breakdown: Breakdown, verb: str, worth: str) -> Iterator[Block]:
    for name, rows in (("By kind", breakdown.kinds), ("By account", breakdown.accounts)):
        if rows:
            yield section(_table((name, verb, worth), rows))


def _table(heads: tuple[str, str, str], rows: Sequence[Row]) -> str:
    name, verb, worth = heads
    lines = [f"{cell(name, NAME)} {verb:>10} {worth:>12}"]
    lines += [f"{cell(r.name, NAME)} {r.stopped:>10,} {usd(r.avoided):>13}" for r in rows]
    return "```\n" + "\n".join(line.rstrip() for line in lines) + "\n```"


def _would(digest: Digest, people: People) -> Iterator[Block]:
    """What would have been stopped: by kind alone where other things really were."""
    if not digest.would_by.kinds:
        return
    heads = "Would have stopped, by kind", "sessions", "worth"
    yield section(_table(heads, digest.would_by.kinds))
    if not digest.stopped:
        heads = "Would have stopped, by account", "sessions", "worth"
        yield section(_table(heads, digest.would_by.accounts))
    yield from _owners("Would have stopped, by owner", digest.would_by, people)


def _owners(name: str, breakdown: Breakdown, people: People) -> Iterator[Block]:
    lines = [_owner(row, people) for row in breakdown.owners]
    yield from (section(text) for text in sections([f"*{name}*", *lines] if lines else []))


def _owner(row: Row, people: People) -> str:
    whose = f"_{row.name}_" if row.more else owner(row.name, people)
    return f"• {whose} · {row.stopped:,} · {usd(row.avoided).strip()}"


def _keepers(keepers: Sequence[Keeper]) -> Iterator[Block]:
    lines = [_keeper(keeper) for keeper in keepers]
    yield from (section(text) for text in sections(["*Kept alive*", *lines] if lines else []))


def _keeper(keeper: Keeper) -> str:
    if keeper.more:
        return f"• {keeper.kept:,} · _{keeper.more:,} more owners and reasons_"
    return f"• {keeper.kept:,} · {code(keeper.owner)} · {code(keeper.reason or 'no reason', 120)}"
