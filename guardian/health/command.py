"""`guardian health`. A container asks it every half minute, so it loads as little as it can."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from guardian.errors import GuardianError
from guardian.health.ask import address, ask
from guardian.settings import load_settings
from guardian.terminal import clean


def health(
    config: Annotated[
        Path, typer.Option("--config", help="The directory with guardian.yaml and policies/.")
    ] = Path("config"),
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it is ready, too: /readyz.")
    ] = False,
) -> None:
    """Ask the guardian that runs here whether it is alive."""
    try:
        where = address(load_settings(config, os.environ).health)
        said = ask(where, "/readyz" if ready else "/healthz")
    except GuardianError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"guardian: {clean(line)}\n")
        # Those who ask know two answers only.
        raise typer.Exit(1) from error
    sys.stdout.write(f"{clean(said)}\n")


def main() -> None:
    """The entry point of this one command."""
    alone = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    alone.command("health")(health)
    alone(sys.argv[2:], prog_name="guardian health")
