"""What a stop was worth, from a table of list prices. An unknown price stays unknown and is never taken for 0."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from guardian.documents import Document
from guardian.errors import InputError
from guardian.ids import Region
from guardian.kinds import all_kinds
from guardian.kinds.base import PriceBook, Worth

MOST_HOURS = Decimal(24)  # somebody would have noticed the next day: more would be boasting
IMPLAUSIBLE = Decimal(1_000_000)  # facts are a member account's word; no stop is worth a million
CENT = Decimal("0.01")

Rates = Mapping[Region, Mapping[str, Decimal]]


@dataclass(frozen=True)
class PriceTable:
    """Prices per hour in USD, by region and item; `as_of` is the day they were looked up."""

    as_of: str
    rates: Rates

    def rate(self, item: str, region: Region) -> Decimal | None:
        return self.rates.get(region, {}).get(item)

    def overridden_by(self, other: "PriceTable") -> "PriceTable":
        """A table with the other's entries in place of its own."""
        regions = sorted({*self.rates, *other.rates})
        merged = {r: {**self.rates.get(r, {}), **other.rates.get(r, {})} for r in regions}
        return PriceTable(max(self.as_of, other.as_of), merged)


def load_prices(override: Path | None = None) -> PriceTable:
    """The shipped table, overridden by a file of the same shape where there is one.

    Raises InputError for a file that cannot be read as prices.
    """
    own = own_prices(override) if override else None
    return shipped_prices().overridden_by(own) if own else shipped_prices()


@cache
def shipped_prices() -> PriceTable:
    """The table that guardian comes with."""
    text = files("guardian").joinpath("prices.yaml").read_text("utf-8")
    return parse_prices(text, "prices.yaml")


def own_prices(file: Path) -> PriceTable | None:
    """What a file of prices says; None where there is no such file. Raises InputError where it says no prices."""
    if not file.exists():
        return None
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    return parse_prices(text, str(file))


def parse_prices(text: str, file: str) -> PriceTable:
    """The table that a YAML text holds. Raises InputError with every problem."""
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InputError(f"{file}: {error}") from error
    regions = content.get("regions") if isinstance(content, Mapping) else None
    if not isinstance(regions, Mapping):
        raise InputError(f"{file}: wants `regions:` with prices below each region")
    problems: list[str] = []
    rates: dict[Region, dict[str, Decimal]] = {}
    for region, items in regions.items():
        pairs = items.items() if isinstance(items, Mapping) else [("", None)]
        found = {str(item): _price(value) for item, value in pairs}
        problems += [
            f"{file}: {region}: {item or 'no items'}: wants a price above 0"
            for item, rate in found.items()
            if rate is None
        ]
        rates[Region(str(region))] = {i: rate for i, rate in found.items() if rate is not None}
    if problems:
        raise InputError(*problems)
    return PriceTable(str(content.get("as_of", "")), rates)


def render_prices(table: PriceTable, comment: Iterable[str]) -> str:
    """A table as YAML that `parse_prices` reads; the comment's lines stand above it."""
    lines = [f"# {line}".rstrip() for line in comment]
    lines += [f"as_of: {json.dumps(table.as_of)}", "regions:" if table.rates else "regions: {}"]
    for region, rates in sorted(table.rates.items()):
        lines.append(f"  {json.dumps(region)}:" if rates else f"  {json.dumps(region)}: {{}}")
        lines += [f"    {json.dumps(i)}: {_number(rate)}" for i, rate in sorted(rates.items())]
    return "\n".join([*lines, ""])


def _number(rate: Decimal) -> str:
    """A rate as YAML, in quotes where a floating-point number would lose some of it."""
    written = f"{rate:f}"
    return written if Decimal(repr(float(rate))) == rate else json.dumps(written)


def _price(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None


@dataclass(frozen=True)
class Saving:
    """What a stop avoided at most, in USD to the cent; None where it is not known. `basis` says how it was reckoned."""

    usd: Decimal | None
    basis: str
    usd_per_hour: Decimal | None = None


def saving(kind: str, facts: Document, region: Region, prices: PriceBook) -> Saving:
    """The hourly price times the hours it would have run on, 24 at most."""
    known = all_kinds().get(kind)
    if known is None:
        return Saving(None, "a kind that this version does not know")
    try:
        worth = known.worth(facts, prices, region)
        usd = _amount(worth)
    except ArithmeticError:  # infinite or not a number: a member may send anything
        return Saving(None, "facts that make no sense")
    if worth.usd_per_hour is not None and worth.hours is not None and usd is None:
        return Saving(None, "facts that make no sense")
    return Saving(usd, worth.basis, worth.usd_per_hour)


def _amount(worth: Worth) -> Decimal | None:
    if worth.usd_per_hour is None or worth.hours is None:
        return None
    usd = worth.usd_per_hour * min(worth.hours, MOST_HOURS)
    return usd.quantize(CENT) if 0 <= usd < IMPLAUSIBLE else None
