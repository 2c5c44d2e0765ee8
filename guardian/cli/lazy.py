"""A command line that imports a command when it is used: all of them together take half a second."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module

import typer
from typer._click import Command, Context  # typer has no other name for what its groups hold
from typer.core import TyperGroup
from typer.main import get_group

NO_MARKUP = partial(typer.Typer, add_completion=False, rich_markup_mode=None)


class LazyGroup(TyperGroup):
    """Finds its commands by `places`: the name of each, and `module.function` or `module.app` below this package."""

    places: Mapping[str, str] = {}

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002  typer calls it
        return [*self.places]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        # Of a name that is none typer asks what the others are.
        for name in [cmd_name] if cmd_name in self.places else self.places:
            if name not in self.commands:
                self.commands[name] = _imported(name, self.places[name])
        return super().get_command(ctx, cmd_name)


def _imported(name: str, place: str) -> Command:
    module, _, attribute = place.partition(".")
    found = getattr(import_module(f"{__package__}.{module}"), attribute)
    alone = NO_MARKUP()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return get_group(alone).commands[name]
