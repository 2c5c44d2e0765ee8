"""The command line.

Exit codes: 0 done; 1 refused or failed; 2 wrong input, or changes for `plan --detailed-exitcode`; 3 access denied;
4 unavailable; 5 held by a brake; 6 another daemon took over (`run`).
"""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from guardian.cli.lazy import NO_MARKUP, LazyGroup
from guardian.cli.printing import print_line
from guardian.errors import GuardianError
from guardian.logs import LogLevel, configure_logs

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Set up": {
        "bootstrap": "bootstrap.bootstrap",
        "settings": "settings.settings",
        "doctor": "doctor.doctor",
        "demo": "work.demo",
    },
    "Policies": {
        "validate": "policies.validate",
        "explain": "policies.explain",
        "policies": "policies.policies",
        "diff": "change.diff",
        "schema": "change.schema",
        "kinds": "reports.kinds",
        "organization": "policies.export_organization",
    },
    "Rollout": {
        "plan": "rollout.plan",
        "apply": "rollout.apply",
        "render": "templates.render",
        "iam": "templates.iam",
        "pause": "control.pause",
        "resume": "control.resume",
        "uninstall": "control.uninstall",
    },
    "Stops": {
        "sweep": "work.sweep",
        "keep": "keep.keep",
        "digest": "digest.digest",
        "costs": "costs.costs",
        "prices": "prices.app",
        "journal": "journal.app",
    },
    "Daemon": {
        "run": "work.run",
        "status": "reports.status",
        "health": "health.health",
    },
}
"""Where every command is, as `guardian --help` lists them."""
COMMANDS: Mapping[str, str] = {
    name: place for places in SECTIONS.values() for name, place in places.items()
}


class Commands(LazyGroup):
    sections = SECTIONS
    places = COMMANDS


app = NO_MARKUP(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:  # noqa: FBT001  typer calls it
    if wanted:
        from importlib.metadata import version

        print_line(f"guardian {version('guardian')}")
        raise typer.Exit


@app.callback()
def _any_command(
    show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Stops forgotten Glue, SageMaker and EMR sessions across an AWS organization."""


def main() -> None:
    """The entry point. An expected error is one clear line on stderr, never a traceback."""
    configure_logs(LogLevel.ERROR)  # a command tells by what it prints; the daemon logs more
    try:
        app(standalone_mode=True)
    except GuardianError as error:
        from guardian import terminal
        from guardian.cli.exits import code_of

        for line in str(error).splitlines():
            sys.stderr.write(f"guardian: {terminal.clean(line)}\n")
        sys.exit(code_of(error))
