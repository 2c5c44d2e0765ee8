"""Commands about the form of policies, and about what a change of them comes to."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guardian import diff as difference
from guardian.app import open_configuration
from guardian.cli.exits import FAILED
from guardian.cli.printing import print_json, print_line
from guardian.policy.schema import schema as policy_schema
from guardian.terminal import change


class Shape(StrEnum):
    TEXT = "text"
    JSON = "json"


def schema() -> None:
    """Print the JSON Schema of policies, for editors."""
    print_json(policy_schema())


def diff(
    old: Annotated[Path, typer.Argument(help="The directory with policies/ as it was.")],
    new: Annotated[Path, typer.Argument(help="The directory with policies/ as it will be.")],
    organization: Annotated[
        Path, typer.Option("--organization", help="A snapshot of the organization.")
    ],
    form: Annotated[
        Shape, typer.Option("--format", help="Text for people, JSON for programs.")
    ] = Shape.TEXT,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there are differences.")
    ] = False,
) -> None:
    """Say what a change of policies means: which accounts, and what is stricter or looser."""
    before, after = (open_configuration(path).world(organization) for path in (old, new))
    made = difference.diff(
        difference.Policies(before.files, before.governance),
        difference.Policies(after.files, after.governance),
        after.organization,
    )
    if form is Shape.JSON:
        print_json(change.document(made))
    else:
        for line in change.lines(made):
            print_line(line)
    if exit_code and not made.empty:
        raise typer.Exit(FAILED)
