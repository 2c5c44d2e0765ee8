"""The command that makes the hub."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from guardian import terminal
from guardian.cli.exits import FAILED
from guardian.cli.options import HERE, Config
from guardian.cli.printing import print_line
from guardian.errors import InputError
from guardian.foundation import Foundation, open_foundation
from guardian.jobs.bootstrap import Done, Survey, bootstrap_once, files, survey
from guardian.jobs.bootstrap.commands import commands
from guardian.jobs.bootstrap.parameters import IMAGE
from guardian.organization import Organization
from guardian.policy.nearest import hint
from guardian.policy.ous import paths_by_name
from guardian.policy.source import PolicyText
from guardian.terminal.bootstrap import done_lines, found_lines

INTERRUPTED = 130


def bootstrap(
    config: Config = HERE,
    image: Annotated[
        str, typer.Option(help="The daemon's image. Without one all but the daemon is made.")
    ] = "",
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A parameter of deploy/hub.yaml; may be said several times."
        ),
    ] = None,
    ou: Annotated[
        str, typer.Option(help="Where there is no policy yet: the OU of a first one, to observe.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Change nothing; print commands that would do the same."),
    ] = False,
) -> None:
    """Make the hub in this account and bring the policies to it. Again, it updates both."""
    foundation = open_foundation(config)
    given = [*([f"{IMAGE}={image}"] if image else []), *(parameter or [])]
    try:
        found = survey(foundation.tools, foundation.template, given, _tell)
        foundation.check_account(found.caller.account)
        if dry_run:
            _show_commands(foundation, found)
            return
        done = _make(foundation, found, _policies(foundation, ou, ask=not yes), yes=yes)
    except KeyboardInterrupt:
        sys.stderr.write(
            "guardian: interrupted. What CloudFormation has begun goes on; run guardian bootstrap again to "
            "see it end and to do the rest.\n"
        )
        raise typer.Exit(INTERRUPTED) from None
    _settings(foundation, found, done)
    for line in done_lines(done, config):
        print_line(line)


def _make(
    foundation: Foundation, found: Survey, policies: Sequence[PolicyText], *, yes: bool
) -> Done:
    """Say what is to be done, ask, and do it."""
    if not policies:
        raise InputError(
            f"{foundation.policies}: there is no policy in it; say --ou /Some/OU for a first one"
        )
    for line in found_lines(found, foundation.region, [text.name for text in policies]):
        print_line(line)
    if not yes and not typer.confirm("Do it?"):
        raise typer.Exit(FAILED)
    return bootstrap_once(foundation.tools, found, foundation.template, policies, _tell)


def _tell(line: str) -> None:
    print_line(terminal.clean(line))
    sys.stdout.flush()


def _policies(foundation: Foundation, ou: str, *, ask: bool) -> Sequence[PolicyText]:
    """The policies of the directory, each found right; the first one is written where there is none."""
    organization = foundation.organizations.read()
    texts = foundation.texts()
    if not texts and ask and not ou:
        ou = _asked(organization)
    if not texts and ou:
        known = paths_by_name(organization)
        if ou not in known:
            raise InputError(f"--ou: there is no OU {ou}{hint(ou, known)}")
        first = foundation.policies / files.FIRST
        files.write_new(first, files.first_policy(ou, foundation.region))
        print_line(f"written: {first}")
        texts = foundation.texts()
    foundation.check(texts, organization)
    return texts


def _asked(organization: Organization) -> str:
    print_line("There is no policy yet. The OUs are:")
    for path in sorted(organization.ous):
        print_line(f"  {terminal.clean(path)}")
    return str(typer.prompt("Which of them is to be observed first?", err=True)).strip()


def _show_commands(foundation: Foundation, found: Survey) -> None:
    paths = [Path(text.file) for text in foundation.texts()]
    shown = commands(found.steps, found.stack, foundation.region, foundation.template_file, paths)
    last = ""
    for do, command in shown:
        if do != last:
            print_line(f"# {do}")
        print_line(command)
        last = do


def _settings(foundation: Foundation, found: Survey, done: Done) -> None:
    """Write a guardian.yaml where there is none; say what one that is there says otherwise."""
    outputs, caller = done.stack.outputs, found.caller
    call_as = done.stack.parameters["CallAs"]
    channel = done.stack.parameters.get("SlackChannel", "")
    text = files.settings(
        foundation.region, caller.account, outputs, call_as=call_as, channel=channel
    )
    if files.write_new(foundation.settings_file, text):
        print_line(f"written: {foundation.settings_file}")
        return
    wanted = files.wanted_settings(foundation.region, caller.account, outputs, call_as)
    settings = foundation.settings()
    for line in files.differing(settings.masked() if settings else {}, wanted):
        print_line(f"{foundation.settings_file}: {terminal.clean(line)}")
