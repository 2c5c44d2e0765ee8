"""Commands in which guardian does its work: one sweep, the daemon, the demo."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import World, open_guardian
from guardian.catches import catches
from guardian.cli.exits import FAILED, HELD
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json, print_line
from guardian.errors import InputError
from guardian.ids import AccountId, ancestors
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.kinds import all_kinds
from guardian.logs import LogLevel, configure_logs
from guardian.policy.nearest import hint
from guardian.policy.ous import paths_by_name
from guardian.terminal.sweep import document, progress, show

LATELY = timedelta(days=1)


def sweep(
    config: Config = HERE,
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    ou: Annotated[str, typer.Option(help="Only the accounts of this OU and those below.")] = "",
    kind: Annotated[str, typer.Option(help="Only this kind.")] = "",
    observe: Annotated[
        bool, typer.Option(help="Say what would be stopped; stop nothing.")
    ] = False,
    form: As = Format.TABLE,
) -> None:
    """Look into every governed account and stop what is due and no event announced."""
    guardian = open_guardian(config)
    if kind and kind not in all_kinds():
        known = f"there are {', '.join(all_kinds())}"
        raise InputError(f"there is no kind {kind}{hint(kind, all_kinds())}; {known}")
    world = guardian.world()
    chosen = _chosen(world, account, ou)
    places = (
        place
        for place in governed_places(world.governance)
        if place.target.account in chosen and kind in {"", place.rule.kind.key}
    )
    paused = guardian.paused
    search = guardian.search(observe=observe, whole=not (account or ou or kind))
    with progress(terminal.console(stderr=True), len(chosen)) as told:
        swept = sweep_once(
            guardian.aws.members, guardian.journal, places, search, guardian.now, told
        )
    now = guardian.now()
    events = catches(guardian.journal.outcomes(now - LATELY, now))
    if form is Format.JSON:
        print_json(document(swept, events))
    else:
        show(terminal.console(), swept, world.names, events)
        if paused:
            print_line(f"Nothing was stopped: guardian is {terminal.clean(str(paused))}.")
    if swept.held:
        raise typer.Exit(HELD)
    if swept.troubles:  # somewhere nobody could look
        raise typer.Exit(FAILED)


def _chosen(world: World, account: str, ou: str) -> frozenset[AccountId]:
    """The governed accounts that were asked for, all where none was. Raises InputError."""
    governed = world.governance.policy_of
    if account and account not in governed:
        why = world.governance.ungoverned.get(account)  # type: ignore[call-overload]  # any text may be asked for
        raise InputError(
            f"account {account} is not governed: {why or 'it is not in the organization'}"
        )
    named = paths_by_name(world.organization)
    if ou and ou not in named:
        raise InputError(f"--ou: there is no OU {ou}{hint(ou, named)}")
    return frozenset(
        a.id
        for a in world.organization.accounts
        if a.id in governed and account in {"", a.id} and (not ou or named[ou] in ancestors(a.ou))
    )


def run(
    config: Config = HERE,
    level: Annotated[
        LogLevel,
        typer.Option("--log-level", envvar="GUARDIAN_LOG_LEVEL", help="What is logged at least."),
    ] = LogLevel.INFO,
) -> None:
    """Be the daemon: reconcile, sweep, collect and announce on schedule until SIGTERM."""
    from guardian.daemon import run_daemon

    configure_logs(level)
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
