"""Brings the table of prices to what the AWS Price List says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from guardian.errors import InputError, NotFound, Refused
from guardian.ids import Region
from guardian.offers import FIXED, Found, Offer, Search, find, parse_offer, searches
from guardian.outcome import Outcome
from guardian.ports import Journal, PriceList
from guardian.prices import PriceTable, parse_prices, render_prices, saving

LEARNED = "prices"
"""The name under which the journal keeps what the daemon was told."""
STALE = timedelta(days=7)
LATELY = timedelta(days=90)
"""How far back outcomes are asked for what else has a price."""
NOTHING = PriceTable("", {})


@dataclass(frozen=True)
class Refreshed:
    """`own` is the table to keep, `found` what the list says of every item; `before` is what was known of them.

    `malformed` counts the offers that could not be read.
    """

    own: PriceTable
    found: tuple[Found, ...]
    before: PriceTable
    malformed: int

    @property
    def missing(self) -> tuple[Found, ...]:
        """The items that stay as they were."""
        return tuple(found for found in self.found if found.rate is None)

    @property
    def changed(self) -> tuple[Found, ...]:
        """The items whose rate is another than before, or was unknown."""
        known = (f for f in self.found if f.rate is not None)
        return tuple(f for f in known if f.rate != self.before.rate(f.item, f.region))


class AskedPrices:
    """A book of prices that remembers what was looked up in it."""

    def __init__(self, table: PriceTable) -> None:
        self._table = table
        self.asked: set[tuple[str, Region]] = set()

    def rate(self, item: str, region: Region) -> Decimal | None:
        self.asked.add((item, region))
        return self._table.rate(item, region)


def wanted(
    table: PriceTable, regions: Iterable[Region], outcomes: Iterable[Outcome]
) -> Mapping[Region, tuple[str, ...]]:
    """The items to look up in each region: all that the table has anywhere, and what outcomes there asked for."""
    everywhere = {*FIXED, *(item for rates in table.rates.values() for item in rates)}
    items = {region: set(everywhere) for region in regions}
    prices = AskedPrices(table)
    for outcome in outcomes:
        saving(outcome.kind, outcome.facts, outcome.target.region, prices)
    for item, region in prices.asked:
        if region in items:
            items[region].add(item)
    return {region: tuple(sorted(asked)) for region, asked in sorted(items.items())}


def refresh_once(
    price_list: PriceList,
    items: Mapping[Region, tuple[str, ...]],
    own: PriceTable,
    before: PriceTable,
    today: date,
) -> Refreshed:
    """Look every item up. What the list does not tell, or tells two ways, stays as `own` and `before` have it.

    Raises AccessDenied, Unavailable: then nothing is known.
    """
    reading = _Reading(price_list)
    found = [f for region, asked in items.items() for f in reading.region(region, asked)]
    rates: dict[Region, dict[str, Decimal]] = defaultdict(dict)
    for each in found:
        if each.rate is not None:
            rates[each.region][each.item] = each.rate
    new = own.overridden_by(PriceTable(f"{today:%Y-%m-%d}", rates))
    return Refreshed(new, tuple(found), before, reading.malformed)


class _Reading:
    """Asks the list once for each search, a region at a time: a region's offers are many."""

    def __init__(self, price_list: PriceList) -> None:
        self._list = price_list
        self.malformed = 0

    def region(self, region: Region, items: Iterable[str]) -> list[Found]:
        asked = tuple(items)
        needed = dict.fromkeys(search for item in asked for search in searches(item, region))
        answers = {search: self._answer(search) for search in needed}
        return [find(item, region, answers) for item in asked]

    def _answer(self, search: Search) -> tuple[Offer, ...] | str:
        try:
            read = [parse_offer(said) for said in self._list.offers(search)]
        except (NotFound, Refused) as error:
            return str(error)
        offers = tuple(offer for offer in read if offer is not None)
        self.malformed += len(read) - len(offers)
        return offers


def learned(journal: Journal) -> PriceTable:
    """What the list last told the daemon; nothing where it never did, or where another version wrote it otherwise."""
    text = journal.recall(LEARNED)
    try:
        return parse_prices(text, "the journal") if text else NOTHING
    except InputError:
        return NOTHING


def learn_once(
    price_list: PriceList,
    journal: Journal,
    regions: Iterable[Region],
    before: PriceTable,
    now: datetime,
) -> Refreshed | None:
    """Let the journal keep what the list says of governed regions; None where what it said last is not a week old.

    `before` are the prices that hold. Raises AccessDenied, Unavailable: what was learned before stays.
    """
    known = learned(journal)
    if known.as_of > f"{now - STALE:%Y-%m-%d}":
        return None
    items = wanted(before, regions, journal.outcomes(now - LATELY, now))
    refreshed = refresh_once(price_list, items, known, before, now.date())
    journal.remember(LEARNED, render_prices(refreshed.own, ()))
    return refreshed
