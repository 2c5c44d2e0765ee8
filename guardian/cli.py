"""The command line.

Exit codes: 0 done; 1 refused or failed; 2 wrong input, or changes for `plan --detailed-exitcode`; 3 access denied;
4 unavailable; 5 held by a brake.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guardian import snapshot, terminal
from guardian.app import Edition, Guardian, World, editions, open_guardian
from guardian.digest import Digest, Window
from guardian.errors import AccessDenied, GuardianError, InputError, Unavailable
from guardian.explain import explain as explain_account
from guardian.jobs.announce import announce_once, digest_of
from guardian.jobs.reconcile import Reconciliation, apply_once, plan_once
from guardian.jobs.sweep import Place, governed_places, sweep_once
from guardian.kinds import all_kinds
from guardian.plan import Action
from guardian.policy.durations import parse_duration
from guardian.terminal import explanation

CODES: dict[type[GuardianError], int] = {InputError: 2, AccessDenied: 3, Unavailable: 4}
FAILED, CHANGES, HELD = 1, 2, 5

app = typer.Typer(
    help="Stops forgotten Glue, SageMaker and EMR sessions across an AWS organization.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


Config = Annotated[
    Path, typer.Option("--config", help="The directory with guardian.yaml and policies/.")
]
As = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]
Snapshot = Annotated[
    Path | None,
    typer.Option("--organization", help="A snapshot of the organization; AWS is not asked then."),
]
HERE = Path("config")


@app.command()
def validate(
    config: Config = HERE,
    offline: Annotated[bool, typer.Option(help="Do not ask AWS which OUs there are.")] = False,
    strict: Annotated[bool, typer.Option(help="Warnings are exit code 1.")] = False,
    organization: Snapshot = None,
    form: As = Format.TABLE,
) -> None:
    """Check the settings and every policy; say all that is wrong, with file, line and column."""
    guardian = open_guardian(config)
    warnings: tuple[str, ...] = ()
    if offline:
        count = len(guardian.files())
    else:
        governance = guardian.world(organization).governance
        count, warnings = len(governance.policies), tuple(map(str, governance.warnings))
    if form is Format.JSON:
        print_line(terminal.as_json({"policies": count, "warnings": list(warnings)}))
    else:
        for warning in warnings:
            print_line(f"warning: {warning}")
        print_line(f"{count} policies are right")
    if strict and warnings:
        raise typer.Exit(FAILED)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="The account's id or name.")],
    config: Config = HERE,
    organization: Snapshot = None,
    form: As = Format.TABLE,
) -> None:
    """Say what holds for an account, and which file and line says so."""
    guardian = open_guardian(config)
    world = guardian.world(organization)
    found = [a for a in world.organization.accounts if account in {a.id, a.name}]
    if not found:
        raise InputError(f"there is no account {account} in the organization")
    if len(found) > 1:
        raise InputError(f"{len(found)} accounts are called {account}: give an id")
    made = explain_account(found[0], guardian.files(), world.organization, world.governance)
    if form is Format.JSON:
        print_line(terminal.as_json(explanation.document(made)))
    else:
        explanation.show(terminal.console(), made)


@app.command("organization")
def export_organization(
    config: Config = HERE,
    export: Annotated[
        Path | None, typer.Option(help="The file to write; else it is printed.")
    ] = None,
) -> None:
    """Write the organization down as JSON, to check and explain policies without AWS."""
    found = terminal.as_json(snapshot.document(open_guardian(config).aws.organizations.read()))
    if export is None:
        print_line(found)
        return
    try:
        export.write_text(found + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{export}: nothing can be written there: {error.strerror}") from error


@app.command()
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


@app.command()
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


@app.command()
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
    search = guardian.search(observe=observe)
    swept = sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
    if form is Format.JSON:
        print_line(terminal.as_json(terminal.swept_document(swept)))
    else:
        terminal.print_swept(terminal.console(), swept, world.names)
    if swept.held:
        raise typer.Exit(HELD)
    if swept.findings:  # somewhere nobody could look
        raise typer.Exit(FAILED)


@app.command()
def digest(
    config: Config = HERE,
    since: Annotated[str, typer.Option(help="How far back, such as 24h or 7d.")] = "24h",
    channel: Annotated[str, typer.Option(help="Only the digest of this channel.")] = "",
    post: Annotated[
        bool, typer.Option("--post", help="Post to Slack what the channel has not been told yet.")
    ] = False,
    form: As = Format.TABLE,
) -> None:
    """Show what was stopped and what it would have cost; with --post, tell the channel."""
    guardian = open_guardian(config)
    span = _span(since)
    chosen = [e for e in _editions(guardian) if not channel or e.audience.channel == channel]
    if not chosen:
        raise InputError(
            f"no digest goes to {channel or 'any channel'}: name one under notify or slack"
        )
    made = [d for edition in chosen for d in _digests(guardian, edition, span, post)]
    if form is Format.JSON:
        print_line(terminal.as_json([d.as_json() for d in made]))
    else:
        for each in made:
            terminal.print_digest(terminal.console(), each, chosen[0].audience.names)
        if not made:
            print_line("The channels have been told everything.")


@app.command()
def status(config: Config = HERE, form: As = Format.TABLE) -> None:
    """Show who guardian is, what is deployed and what happened lately."""
    guardian = open_guardian(config)
    identity, world = guardian.aws.whoami(), guardian.world()
    now = guardian.now()
    made = terminal.Status(
        arn=identity.arn,
        world=world,
        deployed=guardian.aws.stack_sets.observe(),
        outcomes=guardian.journal.outcomes(now - timedelta(days=1), now),
        findings=guardian.journal.findings(now - timedelta(days=1), now),
    )
    if form is Format.JSON:
        print_line(terminal.as_json(terminal.status_document(made)))
    else:
        terminal.print_status(terminal.console(), made)


@app.command()
def kinds(form: As = Format.TABLE) -> None:
    """List the governed kinds."""
    if form is Format.JSON:
        print_line(
            terminal.as_json([terminal.kind_document(kind) for kind in all_kinds().values()])
        )
    else:
        terminal.print_kinds(terminal.console(), all_kinds().values())


@app.command()
def run(config: Config = HERE) -> None:
    """Be the daemon: reconcile, sweep, collect and announce on schedule until SIGTERM."""
    from guardian.daemon import run_daemon

    raise typer.Exit(run_daemon(config))


@app.command()
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


def _plan(guardian: Guardian, world: World) -> Reconciliation:
    fleet = guardian.fleet(world.organization)
    return plan_once(fleet, world.governance, world.organization, guardian.brakes, guardian.now())


def _show(made: Reconciliation, world: World, form: Format) -> None:
    if form is Format.JSON:
        print_line(terminal.as_json(terminal.plan_document(made)))
    else:
        terminal.print_plan(terminal.console(), made.plan, world.names, made.held)


def _wanted(place: Place, account: str, kind: str) -> bool:
    return account in {"", place.target.account} and kind in {"", place.rule.kind.key}


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--since: {error}") from error


def _editions(guardian: Guardian) -> list[Edition]:
    return list(editions(guardian.world(), guardian.settings.notify))


def _digests(guardian: Guardian, edition: Edition, span: timedelta, post: bool) -> list[Digest]:  # noqa: FBT001  named by its caller
    now = guardian.now()
    if post:
        posted = announce_once(guardian.desk(), edition.audience, now, now)
        return [announced.digest for announced in posted]
    window = Window(now - span, now)
    return [digest_of(guardian.journal, edition.audience, window, guardian.prices)]


def _progress() -> Callable[[str, Action, int, int], None]:
    console = terminal.console(stderr=True)

    def told(stack_set: str, action: Action, done: int, total: int) -> None:
        console.print(
            f"{action} {stack_set}: {done} of {total}", end="\r" if done < total else "\n"
        )

    return told


def _silent(_stack_set: str, _action: Action, _done: int, _total: int) -> None:
    """JSON is for programs: nothing else is printed."""


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """The entry point. An expected error is one clear line on stderr, never a traceback."""
    try:
        app(standalone_mode=True)
    except GuardianError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"guardian: {terminal.clean(line)}\n")
        sys.exit(next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED))
