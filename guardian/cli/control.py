"""Commands that hold guardian up, let it go on, and take it out of the organization."""

import getpass
import socket
from typing import Annotated

import typer
from rich.text import Text

from guardian import terminal
from guardian.app import Guardian, open_guardian
from guardian.brakes import Scene, hold
from guardian.cli.exits import FAILED
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json, print_line
from guardian.cli.rollout import silent
from guardian.jobs import pause as pausing
from guardian.jobs.reconcile import Applied, Reconciliation
from guardian.jobs.uninstall import NOBODY, NOTHING, removal, uninstall_once
from guardian.organization import Organization
from guardian.plan import DeployedStackSet, Plan
from guardian.terminal import progress
from guardian.terminal.plan import plan_document, print_applied, print_plan

EVENTS_GO_ON = "The state machines in the accounts go on stopping things: only mode observe, rolled out, ends that."


def pause(
    config: Config = HERE,
    reason: Annotated[str, typer.Option(help="Why, for those who wonder.")] = "",
) -> None:
    """Apply nothing and let the sweep only observe, until guardian is resumed."""
    guardian = open_guardian(config)
    held = pausing.pause(guardian.journal, pausing.Pause(who(), guardian.now(), reason))
    print_line(f"Guardian is {terminal.clean(str(held))}.")
    print_line(EVENTS_GO_ON)


def resume(config: Config = HERE) -> None:
    """End a pause: changes are applied again, and the sweep stops what is due."""
    guardian = open_guardian(config)
    before = pausing.resume(guardian.journal, who(), guardian.now())
    if before is None:
        print_line("Guardian is not paused.")
        return
    print_line(f"Guardian goes on; it was {terminal.clean(str(before))}.")
    if before.reason == pausing.UNINSTALLED:
        print_line("What was uninstalled is rolled out anew: by the daemon, or by guardian apply.")


def uninstall(
    config: Config = HERE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    form: As = Format.TABLE,
) -> None:
    """Pause guardian and remove all that it made in the accounts."""
    guardian = open_guardian(config)
    organization = guardian.aws.organizations.read()
    deployed = guardian.aws.stack_sets.observe()
    plan = removal(deployed, organization)
    _show(guardian, plan, deployed, organization, form)
    if plan.changes and not yes:
        _confirm(organization)
    now = guardian.now()
    pausing.pause(guardian.journal, pausing.Pause(who(), now, pausing.UNINSTALLED))
    # Anew: until the pause a daemon may have rolled out more.
    plan = removal(guardian.aws.stack_sets.observe(), organization)
    applied = _remove(guardian, plan, organization, form)
    if applied.failed or applied.waiting:
        raise typer.Exit(FAILED)


def _show(
    guardian: Guardian,
    plan: Plan,
    deployed: tuple[DeployedStackSet, ...],
    organization: Organization,
    form: Format,
) -> None:
    """What would be removed, and which brakes that goes over: by its nature all of them."""
    members = frozenset(account.id for account in organization.accounts)
    held = hold(Scene(plan, NOTHING, deployed, members), guardian.brakes, guardian.now())
    made = Reconciliation(plan, None, NOTHING, NOBODY)
    if form is Format.JSON:
        print_json(plan_document(made))
        return
    console = terminal.console()
    if not plan.changes and not plan.skips:
        print_line("Nothing of guardian is in the accounts.")
        return
    print_plan(console, made, _names(organization))
    if held:
        console.print(Text(f"Over the brakes: {held}.", "bold yellow"), soft_wrap=True)


def _confirm(organization: Organization) -> None:
    typed = typer.prompt(
        f"Type the organization's id, {organization.id}, to remove it all", err=True
    )
    if typed.strip() != organization.id:
        print_line("That is not its id: nothing was removed.")
        raise typer.Exit(FAILED)


def _remove(guardian: Guardian, plan: Plan, organization: Organization, form: Format) -> Applied:
    fleet, now = guardian.fleet(organization), guardian.now()
    if form is Format.JSON:
        return uninstall_once(fleet, plan, guardian.journal, silent, now)
    with progress.rollout(terminal.console(stderr=True)) as told:
        applied = uninstall_once(fleet, plan, guardian.journal, told, now)
    print_applied(terminal.console(), applied, _names(organization))
    if plan.skips:
        print_line(f"{len(plan.skips):,} stacks stay in accounts that are not active; see above.")
    if applied.failed or applied.waiting:
        print_line("Run it again to remove what is left.")
    print_line("Guardian is paused, so that nothing comes back: guardian resume ends that.")
    return applied


def _names(organization: Organization) -> terminal.Names:
    return {account.id: account.name for account in organization.accounts}


def who() -> str:
    """Who is at the keyboard, as far as the machine knows."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
