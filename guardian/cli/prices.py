"""What an hour of everything costs, and bringing that to what the AWS Price List says."""

import os
from pathlib import Path
from typing import Annotated

import typer

from guardian import terminal
from guardian.app import Guardian, open_guardian
from guardian.cli.options import HERE, As, Config, Format
from guardian.cli.printing import print_json
from guardian.errors import InputError
from guardian.jobs.prices import LATELY, NOTHING, Refreshed, refresh_once, wanted
from guardian.policy.nearest import hint
from guardian.prices import PriceTable, own_prices, render_prices
from guardian.terminal.prices import (
    prices_document,
    print_prices,
    print_refreshed,
    refreshed_document,
)

app = typer.Typer(invoke_without_command=True)

WRITTEN = "Written by guardian prices refresh"
"""What the first line of a file says that may be written again."""


@app.callback()
def prices(
    context: typer.Context,
    config: Config = HERE,
    region: Annotated[str, typer.Option(help="Only this region.")] = "",
    form: As = Format.TABLE,
) -> None:
    """Show what an hour of everything costs, as guardian reckons, and which prices are your own."""
    if context.invoked_subcommand:
        return
    guardian = open_guardian(config)
    own = own_prices(guardian.prices_file) or NOTHING
    known = guardian.prices.rates
    if region and region not in known:
        raise InputError(f"--region: there are no prices for {region}{hint(region, known)}")
    if form is Format.JSON:
        print_json(prices_document(guardian.prices, own, region))
    else:
        print_prices(terminal.console(), guardian.prices, own, region)


@app.command()
def refresh(
    config: Config = HERE,
    output: Annotated[
        Path | None,
        typer.Option(help="Write here, not to prices.yaml in the configuration directory."),
    ] = None,
    form: As = Format.TABLE,
) -> None:
    """Take the prices of the governed regions from the AWS Price List into prices.yaml."""
    guardian = open_guardian(config)
    file = output or guardian.prices_file
    own = _writable(file)
    refreshed = _refreshed(guardian, own)
    _write(file, render_prices(refreshed.own, _comment(refreshed)))
    if form is Format.JSON:
        print_json(refreshed_document(refreshed, file))
    else:
        print_refreshed(terminal.console(), refreshed, file)


def _refreshed(guardian: Guardian, own: PriceTable) -> Refreshed:
    now = guardian.now()
    governed = guardian.world().governance.regions.values()
    regions = {region for regions in governed for region in regions}
    before = guardian.prices.overridden_by(own)
    outcomes = guardian.journal.outcomes(now - LATELY, now)
    items = wanted(before, regions, outcomes)
    return refresh_once(guardian.aws.price_list, items, own, before, now.date())


def _writable(file: Path) -> PriceTable:
    """The prices in a file that a refresh may write. Raises InputError for one that somebody wrote by hand."""
    own = own_prices(file)
    if own is None:
        return NOTHING
    if not file.read_text("utf-8").startswith(f"# {WRITTEN}"):
        raise InputError(
            f"{file}: was not written by a refresh, and your own prices would be lost:"
            " write elsewhere with --output, or move it away"
        )
    return own


def _comment(refreshed: Refreshed) -> list[str]:
    lines = [
        f"{WRITTEN} on {refreshed.own.as_of}: run it again rather than edit this file.",
        "Source: AWS Price List (pricing:GetProducts). On demand, USD an hour, before discounts and taxes.",
    ]
    kept = [
        f"{found.region} {found.item}"
        for found in refreshed.missing
        if refreshed.own.rate(found.item, found.region) is not None
    ]
    return [*lines, *(f"Not in the list any more, from a refresh before: {each}" for each in kept)]


def _write(file: Path, text: str) -> None:
    """Put a text in place of a file, whole or not at all. Raises InputError where that cannot be."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{file}: cannot be written: {error}") from error
