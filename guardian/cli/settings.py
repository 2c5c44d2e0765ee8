"""The command that shows the settings."""

import os

from guardian import terminal
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.settings import load_settings, sources
from guardian.terminal.settings import effective, print_settings, settings_document


def settings(config: Config = HERE, form: As = Format.TABLE) -> None:
    """Show the settings that hold and where each comes from; secrets are masked."""
    shown = effective(load_settings(config, os.environ).masked(), sources(config, os.environ))
    if form is Format.JSON:
        print_json(settings_document(shown))
    else:
        print_settings(terminal.console(), shown)
