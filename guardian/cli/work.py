"""Commands in which guardian does its work: one sweep, the daemon, the demo."""

from pathlib import Path
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import open_guardian
from guardian.cli.exits import FAILED, HELD
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json, print_line
from guardian.errors import InputError
from guardian.jobs.sweep import Place, governed_places, sweep_once
from guardian.kinds import all_kinds


def sweep(
    config: Config = HERE,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind.")] = "",
    observe: Annotated[
        bool, typer.Option(help="Say what would be stopped; stop nothing.")
    ] = False,
    form: As = Format.TABLE,
) -> None:
    """Look into every governed account and stop what is due and no event announced."""
    guardian = open_guardian(config)
    if kind and kind not in all_kinds():
        raise InputError(f"there is no kind {kind}; there are {', '.join(all_kinds())}")
    world = guardian.world()
    if account and account not in world.governance.policy_of:
        why = world.governance.ungoverned.get(account)  # type: ignore[call-overload]  # any text may be asked for
        raise InputError(
            f"account {account} is not governed: {why or 'it is not in the organization'}"
        )
    places = [p for p in governed_places(world.governance) if _wanted(p, account, kind)]
    paused = guardian.paused
    search = guardian.search(observe=observe)
    swept = sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
    if form is Format.JSON:
        print_json(terminal.swept_document(swept))
    else:
        terminal.print_swept(terminal.console(), swept, world.names)
        if paused:
            print_line(f"Nothing was stopped: guardian is {terminal.clean(str(paused))}.")
    if swept.held:
        raise typer.Exit(HELD)
    if swept.findings:  # somewhere nobody could look
        raise typer.Exit(FAILED)


def run(config: Config = HERE) -> None:
    """Be the daemon: reconcile, sweep, collect and announce on schedule until SIGTERM."""
    from guardian.daemon import run_daemon

    raise typer.Exit(run_daemon(config))


def demo(
    output: Annotated[Path, typer.Option(help="Where the results are written.")] = Path(
        "demo-output"
    ),
    accounts: Annotated[int, typer.Option(min=12, max=200, help="How many member accounts.")] = 12,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the servers up afterwards.")] = False,
) -> None:
    """Show an organization being governed, on a local AWS and a local Slack."""
    try:
        from guardian.demo import run_demo
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed: install guardian[demo]") from error
    raise typer.Exit(run_demo(output, accounts, keep))


def _wanted(place: Place, account: str, kind: str) -> bool:
    return account in {"", place.target.account} and kind in {"", place.rule.kind.key}
