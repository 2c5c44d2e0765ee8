"""What came before a window: the window before, and the mean of four weeks. Pure, and read a slice at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from guardian.digest.model import Audience, Mean, Money, Row, Window
from guardian.digest.worth import priced, total
from guardian.kinds.base import PriceBook
from guardian.outcome import Outcome, Result
from guardian.prices import CENT

DAYS = 28
DAY = timedelta(days=1)
TENTH = Decimal("0.1")

Read = Callable[[datetime, datetime], Iterable[Outcome]]
"""The outcomes of since <= learned < until: each of them in one such slice only."""


@dataclass(frozen=True)
class Past:
    """The window before, and what a window of this length came to on average."""

    previous: Row
    mean: Mean


NO_PAST = Past(Row("before", 0, Money()), Mean())


def past_of(audience: Audience, window: Window, read: Read, prices: PriceBook) -> Past:
    """What an audience was told of before a window. No more than a day, or the window before, is held at a time."""
    before = _stops(audience, read(window.before.since, window.before.until), prices)
    return Past(Row("before", *before), _mean(audience, window, read, prices))


def _mean(audience: Audience, window: Window, read: Read, prices: PriceBook) -> Mean:
    count, money, oldest = 0, Money(), window.since
    for since, until in _days_before(window.since):
        stopped, worth = _stops(audience, read(since, until), prices)
        count, money = count + stopped, money + worth
        oldest = since if stopped else oldest
    span = window.since - oldest  # what lies before the first stop is no part of the mean
    if not span:
        return Mean()
    part = Decimal((window.until - window.since) / span)
    return Mean((count * part).quantize(TENTH), (money.usd * part).quantize(CENT), span // DAY)


def _days_before(moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The days of the four weeks before, the newest first."""
    for day in range(DAYS):
        yield moment - (day + 1) * DAY, moment - day * DAY


def _stops(
    audience: Audience, outcomes: Iterable[Outcome], prices: PriceBook
) -> tuple[int, Money]:
    """How many were stopped, each counted once, and what that was worth."""
    heard = {
        outcome.identity: outcome
        for outcome in outcomes
        if outcome.result is Result.STOPPED and audience.hears_of(outcome.target.account)
    }
    return len(heard), total(priced(outcome, prices) for outcome in heard.values())
