"""Commands about policies: are they right, what do they come to. With a snapshot they need no AWS."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guardian import snapshot, terminal
from guardian.app import open_configuration, open_guardian
from guardian.cli.exits import CODES, FAILED
from guardian.cli.options import HERE, As, Config, Format, Snapshot
from guardian.cli.printing import print_json, print_line
from guardian.configuration import World
from guardian.coverage import coverage
from guardian.errors import InputError
from guardian.explain import explain as explain_account
from guardian.organization import Account, Organization
from guardian.terminal import coverage as coverage_shown
from guardian.terminal import explanation, problems
from guardian.terminal.problems import Validation
from guardian.waves import in_order


class Report(StrEnum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def validate(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="config_dir", help="The same as --config.", show_default=False),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help=f"The directory with guardian.yaml and policies/; {HERE} where none is given.",
            show_default=False,
        ),
    ] = None,
    organization: Snapshot = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Only read the files: which OUs there are is not asked."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are exit code 1.")] = False,
    form: Annotated[
        Report,
        typer.Option(
            "--format", help="For people, for programs, as annotations of GitHub Actions."
        ),
    ] = Report.TEXT,
) -> None:
    """Check the settings and every policy; say all that is wrong, with file, line and column."""
    if directory and config and directory != config:
        raise InputError(f"the directory is given twice: {directory} and --config {config}")
    try:
        checked = _checked(directory or config or HERE, organization, offline=offline)
    except InputError as error:
        if form is Report.TEXT:
            raise
        checked = problems.refused(error)
    _tell(checked, form)
    if checked.errors:
        raise typer.Exit(CODES[InputError])
    if strict and checked.warnings:
        raise typer.Exit(FAILED)


def _checked(config: Path, snapshot: Path | None, *, offline: bool) -> Validation:
    if offline and not snapshot:
        return Validation(len(open_configuration(config).files()))
    world = _world(config, snapshot)
    in_order(open_configuration(config).waves, world.organization)  # raises
    governance = world.governance
    return Validation(len(governance.policies), warnings=governance.warnings)


def _tell(checked: Validation, form: Report) -> None:
    if form is Report.JSON:
        print_json(problems.document(checked))
        return
    lines = problems.github if form is Report.GITHUB else problems.text
    for line in lines(checked):
        print_line(line)


def explain(
    account: Annotated[str, typer.Argument(help="The account's id or name.")],
    config: Config = HERE,
    organization: Snapshot = None,
    form: As = Format.TABLE,
) -> None:
    """Say what holds for an account, and which file and line says so."""
    world = _world(config, organization)
    found = _account(account, world.organization)
    made = explain_account(found, world.files, world.organization, world.governance)
    if form is Format.JSON:
        print_json(explanation.document(made, config))
    else:
        explanation.show(terminal.console(), made, config)


def _account(account: str, organization: Organization) -> Account:
    found = [a for a in organization.accounts if account in {a.id, a.name}]
    if not found:
        raise InputError(f"there is no account {account} in the organization")
    if len(found) > 1:
        raise InputError(f"{len(found)} accounts are called {account}: give an id")
    return found[0]


def policies(
    config: Config = HERE,
    organization: Snapshot = None,
    form: As = Format.TABLE,
    whole: Annotated[
        bool, typer.Option("--all", help="Every OU, also those that only inherit.")
    ] = False,
) -> None:
    """Show which policy governs which OU, and the accounts that none governs."""
    world = _world(config, organization)
    made = coverage(world.organization, world.governance)
    if form is Format.JSON:
        print_json(coverage_shown.document(made, config))
    else:
        coverage_shown.show(terminal.console(), made, config, whole=whole)


def export_organization(
    config: Config = HERE,
    export: Annotated[
        Path | None, typer.Option(help="The file to write; else it is printed.")
    ] = None,
    regions: Annotated[
        bool, typer.Option("--regions", help="Ask which regions each account has enabled, too.")
    ] = False,
) -> None:
    """Write the organization down as JSON, to check and explain policies without AWS."""
    guardian = open_guardian(config)
    organization = guardian.aws.organizations.read()
    if regions:
        active = [account.id for account in organization.accounts if account.active]
        told = guardian.aws.regions.enabled(active, guardian.now())
        organization = replace(organization, enabled=told.known)
    found = terminal.as_json(snapshot.document(organization))
    if export is None:
        print_line(found)
        return
    try:
        export.write_text(found + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{export}: nothing can be written there: {error.strerror}") from error


def _world(config: Path, snapshot: Path | None) -> World:
    """With a snapshot nothing else is opened: no journal, no AWS."""
    return (
        open_configuration(config).world(snapshot) if snapshot else open_guardian(config).world()
    )
