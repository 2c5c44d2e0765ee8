"""Commands that tell what there is and what happened."""

from datetime import timedelta

from guardian import terminal
from guardian.app import open_guardian
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.jobs.reconcile import plan_once
from guardian.kinds import all_kinds
from guardian.outcome import without_echoes
from guardian.terminal.kinds import kinds_document, print_kinds
from guardian.terminal.status import Status, print_status, status_document

LATELY = timedelta(days=1)


def status(config: Config = HERE, form: As = Format.TABLE) -> None:
    """Show whether guardian is at work, how far policies are rolled out, and what happened lately."""
    guardian = open_guardian(config)
    identity, world = guardian.aws.whoami(), guardian.world()
    now = guardian.now()
    fleet = guardian.fleet(world.organization)
    made = Status(
        arn=identity.arn,
        world=world,
        made=plan_once(
            fleet, world.governance, world.organization, guardian.brakes, now, probing=False
        ),
        outcomes=without_echoes(guardian.journal.outcomes(now - LATELY, now)),
        findings=guardian.journal.findings(now - LATELY, now),
        paused=guardian.paused,
        lease=guardian.journal.lease(),
    )
    if form is Format.JSON:
        print_json(status_document(made))
    else:
        print_status(terminal.console(), made)


def kinds(form: As = Format.TABLE) -> None:
    """List the governed kinds."""
    if form is Format.JSON:
        print_json(kinds_document(all_kinds().values()))
    else:
        print_kinds(terminal.console(), all_kinds().values())
