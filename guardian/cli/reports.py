"""Commands that tell what there is and what happened."""

from datetime import timedelta
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Edition, Guardian, editions, open_guardian
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json, print_line
from guardian.digest import Digest, Window
from guardian.errors import InputError
from guardian.jobs.announce import announce_once, digest_of
from guardian.jobs.reconcile import plan_once
from guardian.kinds import all_kinds
from guardian.outcome import without_echoes
from guardian.policy.durations import parse_duration
from guardian.terminal.kinds import kinds_document, print_kinds
from guardian.terminal.status import Status, print_status, status_document

LATELY = timedelta(days=1)


def digest(
    config: Config = HERE,
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")] = "24h",
    channel: Annotated[str, typer.Option(help="Only the digest of this channel.")] = "",
    post: Annotated[
        bool, typer.Option("--post", help="Post to Slack what the channel has not been told yet.")
    ] = False,
    form: As = Format.TABLE,
) -> None:
    """Show what was stopped and what it would have cost; with --post, tell the channel."""
    guardian = open_guardian(config)
    span = _span(since)
    chosen = [e for e in _editions(guardian) if not channel or e.audience.channel == channel]
    if not chosen:
        raise InputError(
            f"no digest goes to {channel or 'any channel'}: name one under notify or slack"
        )
    made = [d for edition in chosen for d in _digests(guardian, edition, span, post)]
    if form is Format.JSON:
        print_json([d.as_json() for d in made])
    else:
        for each in made:
            terminal.print_digest(terminal.console(), each, chosen[0].audience.names)
        if not made:
            print_line("The channels have been told everything.")


def status(config: Config = HERE, form: As = Format.TABLE) -> None:
    """Show whether guardian is at work, how far policies are rolled out, and what happened lately."""
    guardian = open_guardian(config)
    identity, world = guardian.aws.whoami(), guardian.world()
    now = guardian.now()
    fleet = guardian.fleet(world.organization)
    made = Status(
        arn=identity.arn,
        world=world,
        made=plan_once(
            fleet, world.governance, world.organization, guardian.brakes, now, probing=False
        ),
        outcomes=without_echoes(guardian.journal.outcomes(now - LATELY, now)),
        findings=guardian.journal.findings(now - LATELY, now),
        paused=guardian.paused,
    )
    if form is Format.JSON:
        print_json(status_document(made))
    else:
        print_status(terminal.console(), made)


def kinds(form: As = Format.TABLE) -> None:
    """List the governed kinds."""
    if form is Format.JSON:
        print_json(kinds_document(all_kinds().values()))
    else:
        print_kinds(terminal.console(), all_kinds().values())


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--since: {error}") from error


def _editions(guardian: Guardian) -> list[Edition]:
    return list(editions(guardian.world(), guardian.settings.notify))


def _digests(guardian: Guardian, edition: Edition, span: timedelta, post: bool) -> list[Digest]:  # noqa: FBT001  named by its caller
    now = guardian.now()
    if post:
        posted = announce_once(guardian.desk(), edition.audience, now, now)
        return [announced.digest for announced in posted]
    window = Window(now - span, now)
    return [digest_of(guardian.journal, edition.audience, window, guardian.prices)]
