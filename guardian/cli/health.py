"""The command that asks a running daemon. A container asks every half minute, so it loads as little as it can."""

import os
import sys
from typing import Annotated

import typer

from guardian.cli.options import HERE, Config
from guardian.cli.printing import print_line
from guardian.errors import GuardianError
from guardian.health.ask import address, ask
from guardian.settings import load_settings
from guardian.terminal import clean


def health(
    config: Config = HERE,
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
    print_line(clean(said))
