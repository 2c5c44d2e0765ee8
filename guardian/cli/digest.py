"""The command that shows a digest, or posts it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Guardian, editions, open_guardian
from guardian.cli.options import HERE, Config
from guardian.cli.printing import print_json, print_line
from guardian.digest import Audience, Digest, Window, document
from guardian.documents import Json
from guardian.errors import GuardianError, InputError
from guardian.jobs.announce import announce_once, digest_of, untold
from guardian.policy.durations import parse_duration
from guardian.slack.blocks import messages
from guardian.slack.builder import builder_link
from guardian.terminal.digest import print_digest
from guardian.terminal.page import page


class Form(StrEnum):
    TEXT = "text"
    BLOCKS = "blocks"
    HTML = "html"
    JSON = "json"


def digest(
    config: Config = HERE,
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")] = "24h",
    channel: Annotated[
        str, typer.Option(help="Only the digest of this channel, or of this topic.")
    ] = "",
    post: Annotated[
        bool, typer.Option("--post", help="Post to Slack what the channel has not been told yet.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Post nothing, and print a link that shows the message in Slack's Block Kit Builder;"
            " with --post, show what would be posted.",
        ),
    ] = False,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="Text for people, Slack's blocks, a page with the chart, JSON for programs.",
        ),
    ] = Form.TEXT,
) -> None:
    """Show what was stopped and what it would have cost; with --post, tell the channel."""
    guardian, span = open_guardian(config), _span(since)
    told, now = list(_audiences(guardian, channel)), guardian.now()
    failed: list[GuardianError] = []
    if post and not dry_run:
        made = list(_posted(guardian, told, now, failed))
    else:
        made = list(_unposted(guardian, told, now, None if post else span))
    _print(made, form)
    if failed:
        raise type(failed[0])("\n".join(map(str, failed)))
    if form is Form.TEXT:
        _print_rest(made, links=dry_run)


def _print_rest(made: Sequence[Digest], *, links: bool) -> None:
    """What people want to know beside the digests."""
    if not made:
        print_line("The channels have been told everything.")
    if links:
        _print_links(made)


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--since: {error}") from error


def _audiences(guardian: Guardian, channel: str) -> Iterator[Audience]:
    """Who gets digests. Raises InputError where nobody does."""
    found = [e.audience for e in editions(guardian.world(), guardian.settings.notify)]
    chosen = [audience for audience in found if channel in ("", audience.channel)]
    if not chosen:
        known = f"; known: {', '.join(audience.channel for audience in found)}" if found else ""
        whom = channel or "any channel"
        raise InputError(f"no digest goes to {whom}: name one under notify or slack{known}")
    yield from chosen


def _posted(
    guardian: Guardian, audiences: Iterable[Audience], now: datetime, failed: list[GuardianError]
) -> Iterator[Digest]:
    """Post what each audience has not been told yet; one that cannot be told holds up no other."""
    for audience in audiences:
        try:
            desk = guardian.desk(audience)
            yield from (a.digest for a in announce_once(desk, audience, now, now))
        except GuardianError as error:
            failed.append(error)


def _unposted(
    guardian: Guardian, audiences: Iterable[Audience], now: datetime, span: timedelta | None
) -> Iterator[Digest]:
    """The digests of the last `span`; without one, of what each audience has not been told yet."""
    for audience in audiences:
        window = Window(now - span, now) if span else untold(guardian.journal, audience, now)
        if window.since < window.until:
            yield digest_of(guardian.journal, audience, window, guardian.prices)


def _print(made: Sequence[Digest], form: Form) -> None:
    match form:
        case Form.TEXT:
            for each in made:
                print_digest(terminal.console(), each)
        case Form.BLOCKS:
            print_json([_blocks(each) for each in made])
        case Form.HTML:
            print_line(page(made).rstrip())
        case Form.JSON:
            print_json([document(each) for each in made])


def _blocks(made: Digest) -> Json:
    """The messages as Slack takes them; the first is the channel's, the others are its thread's."""
    found: list[Json] = [
        {"text": message.text, "blocks": [dict(block) for block in message.blocks]}
        for message in messages(made)
    ]
    return {"channel": made.channel, "messages": found}


def _print_links(made: Iterable[Digest]) -> None:
    for each in made:
        first, *thread = messages(each)
        print_line(f"\n{each.channel} in the Block Kit Builder: {builder_link(first)}")
        for number, message in enumerate(thread, 1):
            print_line(f"\nits thread, {number} of {len(thread)}: {builder_link(message)}")
