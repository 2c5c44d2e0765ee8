"""The table of prices, and what a refresh of it found."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.text import Text

from guardian.documents import Document
from guardian.ids import Region
from guardian.jobs.prices import Refreshed
from guardian.offers import Found
from guardian.prices import PriceTable
from guardian.terminal import clean, table

SHOWN = 20
"""So many missing items are listed before the rest is counted."""


def prices_document(prices: PriceTable, own: PriceTable, region: str = "") -> Document:
    """The effective table as JSON; `own` says which rates are the installation's own."""
    return {
        "as_of": prices.as_of,
        "own_as_of": own.as_of or None,
        "currency": "USD",
        "prices": [
            {"region": place, "item": item, "usd_per_hour": f"{rate:f}", "own": mine}
            for place, item, rate, mine in _rows(prices, own, region)
        ],
    }


def print_prices(console: Console, prices: PriceTable, own: PriceTable, region: str = "") -> None:
    rows = [
        (place, item, f"${rate:f}", "own" if mine else "shipped")
        for place, item, rate, mine in _rows(prices, own, region)
    ]
    console.print(table("Prices in USD an hour", ("region", "item", "price", "from"), rows))
    dated = f"; your own as of {own.as_of or 'an unknown day'}" if own.rates else ""
    console.print(Text(f"As of {clean(prices.as_of)}{clean(dated)}. What is not here is unknown."))


def _rows(
    prices: PriceTable, own: PriceTable, region: str
) -> Iterator[tuple[Region, str, Decimal, bool]]:
    for place, rates in sorted(prices.rates.items()):
        if region in {"", place}:
            for item, rate in sorted(rates.items()):
                yield place, item, rate, own.rate(item, place) is not None


def refreshed_document(refreshed: Refreshed, file: Path) -> Document:
    """What a refresh came to, as JSON."""
    return {
        "file": str(file),
        "as_of": refreshed.own.as_of,
        "looked_up": len(refreshed.found),
        "found": len(refreshed.found) - len(refreshed.missing),
        "malformed_offers": refreshed.malformed,
        "changed": [
            {**_place(found), "before": _known(refreshed, found), "after": f"{found.rate:f}"}
            for found in refreshed.changed
        ],
        "missing": [
            {**_place(found), "why": found.why, "ambiguous": found.ambiguous}
            for found in refreshed.missing
        ],
    }


def _place(found: Found) -> dict[str, str]:
    return {"region": found.region, "item": found.item}


def _known(refreshed: Refreshed, found: Found) -> str | None:
    before = refreshed.before.rate(found.item, found.region)
    return None if before is None else f"{before:f}"


def print_refreshed(console: Console, refreshed: Refreshed, file: Path) -> None:
    changed, missing = refreshed.changed, refreshed.missing
    rows = [
        (f.region, f.item, f"${before}" if before else "unknown", f"${f.rate:f}")
        for f in changed
        for before in (_known(refreshed, f),)
    ]
    if rows:
        console.print(table("Changed", ("region", "item", "before", "now"), rows))
    ambiguous = [f for f in missing if f.ambiguous]
    absent = [f for f in missing if not f.ambiguous]
    for title, found in (("Ambiguous: as before", ambiguous), ("Not found: as before", absent)):
        if found:
            shown = [(f.region, f.item, f.why) for f in found[:SHOWN]]
            console.print(table(title, ("region", "item", "why"), shown))
        if len(found) > SHOWN:
            console.print(f"… and {len(found) - SHOWN:,} more; JSON has all of them")
    if refreshed.malformed:
        console.print(f"Offers that could not be read: {refreshed.malformed:,}")
    known = len(refreshed.found) - len(missing)
    console.print(
        Text(f"{known:,} of {len(refreshed.found):,} prices found, {len(changed):,} changed: ")
        + Text(clean(str(file))),
        soft_wrap=True,
    )
