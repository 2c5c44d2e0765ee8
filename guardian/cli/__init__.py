"""The command line.

Exit codes: 0 done; 1 refused or failed; 2 wrong input, or changes for `plan --detailed-exitcode`; 3 access denied;
4 unavailable; 5 held by a brake.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Annotated

import typer

from guardian import terminal
from guardian.cli import (
    bootstrap,
    change,
    control,
    costs,
    digest,
    journal,
    keep,
    policies,
    prices,
    reports,
    rollout,
    settings,
    templates,
    work,
)
from guardian.cli.exits import code_of
from guardian.cli.printing import print_line
from guardian.errors import GuardianError
from guardian.logs import configure_logs

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

COMMANDS: Mapping[str, Callable[..., None]] = {
    "bootstrap": bootstrap.bootstrap,
    "settings": settings.settings,
    "validate": policies.validate,
    "explain": policies.explain,
    "policies": policies.policies,
    "diff": change.diff,
    "schema": change.schema,
    "render": templates.render,
    "iam": templates.iam,
    "organization": policies.export_organization,
    "plan": rollout.plan,
    "apply": rollout.apply,
    "pause": control.pause,
    "resume": control.resume,
    "uninstall": control.uninstall,
    "sweep": work.sweep,
    "keep": keep.keep,
    "digest": digest.digest,
    "status": reports.status,
    "costs": costs.costs,
    "kinds": reports.kinds,
    "run": work.run,
    "demo": work.demo,
}
"""Every command by its name, as `guardian --help` lists them."""


def _version(wanted: bool) -> None:  # noqa: FBT001  typer calls it
    if wanted:
        print_line(f"guardian {version('guardian')}")
        raise typer.Exit


@app.callback()
def _any_command(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Stops forgotten Glue, SageMaker and EMR sessions across an AWS organization."""


for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(prices.app, name="prices")
app.add_typer(journal.app, name="journal")


def main() -> None:
    """The entry point. An expected error is one clear line on stderr, never a traceback."""
    configure_logs(logging.ERROR)  # a command tells by what it prints; the daemon logs more
    try:
        app(standalone_mode=True)
    except GuardianError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"guardian: {terminal.clean(line)}\n")
        sys.exit(code_of(error))
