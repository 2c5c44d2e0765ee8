"""What governed services really cost, from Cost Explorer."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Guardian, open_guardian
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.configuration import World
from guardian.costs import governed_query, own_query, services_of
from guardian.costs.report import CostReport, account_costs, own_costs, stops_of
from guardian.errors import InputError
from guardian.jobs.costs import MOST_REQUESTS, Payments, costs_once
from guardian.policy.durations import parse_duration
from guardian.terminal.costs import costs_document, print_costs

DAY = timedelta(days=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def costs(
    config: Config = HERE,
    since: Annotated[str, typer.Option(help="How far back, in days, such as 90d.")] = "90d",
    requests: Annotated[
        int,
        typer.Option(
            min=0, max=1000, help="How many requests, a cent each, may be paid for today."
        ),
    ] = MOST_REQUESTS,
    form: As = Format.TABLE,
) -> None:
    """Show the real costs of governed services by account and operation, before guardian and with it."""
    guardian = open_guardian(config)
    lately = _days(since)
    world = guardian.world()
    report = _report(guardian, world, lately, requests)
    if form is Format.JSON:
        print_json(costs_document(report, world.names))
    else:
        print_costs(terminal.console(), report, world.names)


def _days(text: str) -> timedelta:
    try:
        lately = parse_duration(text)
    except ValueError as error:
        raise InputError(f"--since: {error}") from error
    if lately < DAY:
        raise InputError(f"--since: {text} is less than a day, and costs are told by the day")
    return lately


def _report(guardian: Guardian, world: World, lately: timedelta, requests: int) -> CostReport:
    now = guardian.now()
    today, explorer = now.date(), guardian.aws.cost_explorer
    since, payments = today - lately, Payments(guardian.journal, today, requests)
    kinds = (rule.kind for policy in world.governance.policies for rule in policy.rules)
    services = services_of(kinds)
    governed = costs_once(explorer, governed_query(services), since, payments)
    own = costs_once(explorer, own_query(), since, payments)
    stops = stops_of(guardian.journal.outcomes(BEGINNING, now + DAY), guardian.prices)
    return CostReport(
        since=since,
        until=today,
        accounts=account_costs(governed.months, stops, since, today),
        own=own_costs(own.months, stops, since, today),
        read=governed.read,
        missing=tuple(sorted({*governed.missing, *own.missing})),
        unread=governed.unread,
        requests=payments.made,
        only_own_account=guardian.settings.hub.account != world.organization.management_account,
        services=services,
    )
