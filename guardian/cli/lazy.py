"""A command line that imports a command when it is used: all of them together take half a second."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module

import typer
from typer._click import Command, Context, HelpFormatter  # typer has no other name for these
from typer.core import TyperGroup
from typer.main import get_group

WHOLE = 300
"""More characters than any command is told with."""
NO_MARKUP = partial(typer.Typer, add_completion=False, rich_markup_mode=None)


class LazyGroup(TyperGroup):
    """Finds its commands by `places`: the name of each, and `module.function` or `module.app` below this package.

    `sections` are the same under titles, for the help.
    """

    sections: Mapping[str, Mapping[str, str]] = {}
    places: Mapping[str, str] = {}

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002  typer calls it
        return [*self.places]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        # Of a name that is none typer asks what the others are.
        for name in [cmd_name] if cmd_name in self.places else self.places:
            if name not in self.commands:
                self.commands[name] = _imported(name, self.places[name])
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Every command with its whole sentence, section by section."""
        widest = max(map(len, self.places), default=0)
        for title, places in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(widest), self._sentence(ctx, name)) for name in places]
                )

    def _sentence(self, ctx: Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(WHOLE) if command else ""


def _imported(name: str, place: str) -> Command:
    module, _, attribute = place.partition(".")
    found = getattr(import_module(f"{__package__}.{module}"), attribute)
    alone = NO_MARKUP()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return get_group(alone).commands[name]
