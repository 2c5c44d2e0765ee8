"""Commands that bring the organization in line with the policies."""

from dataclasses import replace
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Guardian, open_guardian
from guardian.cli.exits import CHANGES, FAILED, HELD
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.configuration import World
from guardian.errors import InputError
from guardian.jobs import templates
from guardian.jobs.pause import Pause
from guardian.jobs.reconcile import Applied, Reconciliation, apply_once, plan_once
from guardian.plan import Action
from guardian.terminal import progress
from guardian.terminal.plan import plan_document, print_applied, print_plan

Whole = Annotated[
    bool, typer.Option("--all", help="Show every change by itself, however many there are.")
]


def plan(
    config: Config = HERE,
    form: As = Format.TABLE,
    whole: Whole = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")
    ] = False,
) -> None:
    """Show what would be changed, and what is left alone and why. Changes nothing."""
    guardian = open_guardian(config)
    world = guardian.world()
    paused = guardian.paused
    made = _plan(guardian, world, paused)
    _show(made, world, form, whole=whole, paused=paused is not None)
    if detailed_exitcode and made.plan.changes:
        raise typer.Exit(CHANGES)


def apply(
    config: Config = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    release: Annotated[
        str,
        typer.Option(
            help="The id of a held plan, or of a template that was taken back, that may go all the same."
        ),
    ] = "",
    whole: Whole = False,
    form: As = Format.TABLE,
) -> None:
    """Show the plan, ask, and carry it out."""
    guardian = open_guardian(config)
    world = guardian.world()
    paused = guardian.paused
    if templates.release(guardian.journal, release):
        release = ""
    made = _plan(guardian, world, paused)
    if release and release != made.plan.id:
        raise InputError(f"the plan is {made.plan.id} by now, not {release}: look at it again")
    _show(made, world, form, whole=whole, paused=paused is not None)
    if paused or (made.held and not release):
        raise typer.Exit(HELD)
    if not made.plan.changes:
        return
    if not yes and not typer.confirm("Carry it out?"):
        raise typer.Exit(FAILED)
    applied = _apply(guardian, world, made, form)
    if applied.failed:
        raise typer.Exit(FAILED)


def _plan(guardian: Guardian, world: World, paused: Pause | None) -> Reconciliation:
    fleet = guardian.fleet(world.organization)
    made = plan_once(fleet, world.governance, world.organization, guardian.brakes, guardian.now())
    return replace(made, held=str(paused)) if paused else made


def _show(made: Reconciliation, world: World, form: Format, *, whole: bool, paused: bool) -> None:
    if form is Format.JSON:
        print_json(plan_document(made))
    else:
        print_plan(terminal.console(), made, world.names, whole=whole, paused=paused)


def _apply(guardian: Guardian, world: World, made: Reconciliation, form: Format) -> Applied:
    fleet, now = guardian.fleet(world.organization), guardian.now()
    if form is Format.JSON:
        return apply_once(fleet, made, guardian.journal, silent, now, halted=guardian.halted)
    with progress.rollout(terminal.console(stderr=True)) as told:
        applied = apply_once(fleet, made, guardian.journal, told, now, halted=guardian.halted)
    print_applied(terminal.console(), applied, world.names)
    return applied


def silent(_stack_set: str, _action: Action, _done: int, _total: int) -> None:
    """JSON is for programs: nothing else is printed."""
