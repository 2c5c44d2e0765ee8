"""Commands that bring the organization in line with the policies."""

from collections.abc import Callable
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Guardian, World, open_guardian
from guardian.cli.exits import CHANGES, FAILED, HELD
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.errors import InputError
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.plan import Action


def plan(
    config: Config = HERE,
    form: As = Format.TABLE,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
) -> None:
    """Show what would be changed, and what is left alone and why. Changes nothing."""
    guardian = open_guardian(config)
    world = guardian.world()
    made = _plan(guardian, world)
    _show(made, world, form)
    if detailed_exitcode and made.plan.changes:
        raise typer.Exit(CHANGES)


def apply(
    config: Config = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    release: Annotated[
        str, typer.Option(help="The id of a held plan that may go all the same.")
    ] = "",
    form: As = Format.TABLE,
) -> None:
    """Show the plan, ask, and carry it out."""
    guardian = open_guardian(config)
    world = guardian.world()
    made = _plan(guardian, world)
    if release and release != made.plan.id:
        raise InputError(f"the plan is {made.plan.id} by now, not {release}: look at it again")
    _show(made, world, form)
    if made.held and not release:
        raise typer.Exit(HELD)
    if not made.plan.changes:
        return
    if not yes and not typer.confirm("Carry it out?"):
        raise typer.Exit(FAILED)
    told = _progress() if form is Format.TABLE else _silent
    applied = apply_once(
        guardian.fleet(world.organization), made, guardian.journal, told, guardian.now()
    )
    if form is Format.TABLE:
        terminal.print_applied(terminal.console(), applied, world.names)
    if applied.failed:
        raise typer.Exit(FAILED)


def _plan(guardian: Guardian, world: World) -> Reconciliation:
    fleet = guardian.fleet(world.organization)
    return plan_once(fleet, world.governance, world.organization, guardian.brakes, guardian.now())


def _show(made: Reconciliation, world: World, form: Format) -> None:
    if form is Format.JSON:
        print_json(terminal.plan_document(made))
    else:
        terminal.print_plan(terminal.console(), made.plan, world.names, made.held)


def _progress() -> Callable[[str, Action, int, int], None]:
    console = terminal.console(stderr=True)

    def told(stack_set: str, action: Action, done: int, total: int) -> None:
        console.print(
            f"{action} {stack_set}: {done} of {total}", end="\r" if done < total else "\n"
        )

    return told


def _silent(_stack_set: str, _action: Action, _done: int, _total: int) -> None:
    """JSON is for programs: nothing else is printed."""
