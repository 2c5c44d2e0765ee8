"""What stops were worth, and what kinds are called. Pure."""

from collections.abc import Iterable, Iterator

from guardian.digest.model import Money, Priced, sum_of
from guardian.kinds import all_kinds
from guardian.kinds.base import PriceBook
from guardian.outcome import Outcome
from guardian.prices import Saving, saving

BASIS = (
    "Estimates at list prices, before discounts: what each would have cost until its own timeout, "
    "24 hours at most."
)


def title(kind: str) -> str:
    """What people call a kind."""
    known = all_kinds().get(kind)
    return known.title if known else kind


def avoided(outcome: Outcome, prices: PriceBook) -> Saving:
    """What ending it avoided, or would have."""
    return saving(outcome.kind, outcome.facts, outcome.target.region, prices)


def priced(outcomes: Iterable[Outcome], prices: PriceBook) -> Iterator[Priced]:
    """Each with its worth, which is reckoned once for all that are alike."""
    known: dict[tuple[str, str, str], Saving] = {}
    for outcome in outcomes:
        alike = (outcome.kind, outcome.target.region, repr(outcome.facts))
        if alike not in known:
            known[alike] = avoided(outcome, prices)
        yield Priced(outcome, known[alike])


def by_worth(outcomes: Iterable[Outcome], prices: PriceBook) -> tuple[Priced, ...]:
    """The dearest first, the unknown last; what is worth the same stays in its order."""
    found = priced(outcomes, prices)
    return tuple(sorted(found, key=lambda p: (p.saving.usd is None, -(p.saving.usd or 0))))


def total(found: Iterable[Priced]) -> Money:
    """The sum of what is known."""
    return sum_of(list(found))
