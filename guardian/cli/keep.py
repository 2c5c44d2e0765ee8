"""The command that keeps something alive for a while."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import open_guardian
from guardian.cli.control import who
from guardian.cli.options import HERE, Config
from guardian.cli.printing import print_line
from guardian.documents import moment
from guardian.errors import InputError
from guardian.ids import Region, Target, parse_account
from guardian.jobs.keep import Wish, keep_once, place_of
from guardian.policy.durations import parse_duration


def keep(  # noqa: PLR0913, PLR0917 - what it takes to name a resource
    account: Annotated[str, typer.Argument(help="The account it is in.")],
    region: Annotated[str, typer.Argument(help="The region it is in.")],
    kind: Annotated[str, typer.Argument(help="Its kind, as guardian kinds lists them.")],
    identifier: Annotated[
        str, typer.Argument(metavar="ID", help="Its id, as a plan or a digest tells it.")
    ],
    span: Annotated[str, typer.Option("--for", help="For how long from now, such as 4h.")] = "",
    until: Annotated[
        str, typer.Option(help="Until when instead, such as 2026-11-23T18:00:00Z.")
    ] = "",
    config: Config = HERE,
) -> None:
    """Keep something alive for a while that would be stopped, as long as its policy allows."""
    target = _target(account, region)
    guardian = open_guardian(config)
    now = guardian.now()
    wish = Wish(_until(span, until, now), who())
    place = place_of(guardian.world().governance, target, kind)
    kept = keep_once(guardian.aws.members, guardian.journal, place, identifier, wish, now)
    said = "is kept alive" if kept.new else "was kept alive before"
    print_line(f"{terminal.clean(identifier)} {said} until {kept.until:%Y-%m-%d %H:%M:%S} UTC.")


def _target(account: str, region: str) -> Target:
    try:
        return Target(parse_account(account), Region(region))
    except ValueError as error:
        raise InputError(str(error)) from error


def _until(span: str, until: str, now: datetime) -> datetime:
    if bool(span) == bool(until):
        raise InputError("say either --for, such as --for 4h, or --until")
    if until:
        found = moment(until)
        if found is None:
            raise InputError(f"--until: {until!r} is no moment such as 2026-11-23T18:00:00Z")
        return found
    try:
        wanted = parse_duration(span)
    except ValueError as error:
        raise InputError(f"--for: {error}") from error
    if wanted <= timedelta():
        raise InputError("--for: must be longer than 0s")
    return now + wanted
