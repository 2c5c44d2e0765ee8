"""What came before a window: the window before, and the mean of four weeks. Pure, and read a slice at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from guardian.digest.model import Audience, Mean, Money, Row, Window, sum_of
from guardian.digest.worth import priced
from guardian.kinds.base import PriceBook
from guardian.outcome import Outcome, Result
from guardian.prices import CENT

DAY, WEEKS = timedelta(days=1), timedelta(weeks=4)
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
    """What an audience was told of before a window. No more than a day is held at a time, and none is read twice."""
    slices = [
        Slice(since, until, *_stops(audience, read(since, until), prices))
        for since, until in _slices(window)
    ]
    before = [s for s in slices if s.since >= window.before.since]
    worth = sum((s.worth for s in before), Money())
    previous = Row("before", sum(s.stopped for s in before), worth)
    return Past(previous, _mean(window, [s for s in slices if s.since >= window.since - WEEKS]))


@dataclass(frozen=True)
class Slice:
    """What was stopped in a part of the past."""

    since: datetime
    until: datetime
    stopped: int
    worth: Money


def _slices(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """The days back to four weeks ago and to the beginning of the window before, cut at either; the newest first."""
    cuts = {window.before.since, window.since - WEEKS}
    first = min(cuts)
    cuts |= {window.since - day * DAY for day in range((window.since - first) // DAY + 1)}
    moments = sorted(cuts, reverse=True)
    yield from ((since, until) for until, since in pairwise(moments))


def _mean(window: Window, slices: Iterable[Slice]) -> Mean:
    found = [s for s in slices if s.stopped]
    if not found:
        return Mean()
    span = window.since - found[-1].since  # what lies before the first stop is no part of the mean
    part = Decimal((window.until - window.since) / span)
    count, money = sum(s.stopped for s in found), sum((s.worth.usd for s in found), Decimal(0))
    days = max(1, span // DAY)
    return Mean((count * part).quantize(TENTH), (money * part).quantize(CENT), days)


def _stops(
    audience: Audience, outcomes: Iterable[Outcome], prices: PriceBook
) -> tuple[int, Money]:
    """How many were stopped, and what that was worth."""
    heard = (
        outcome
        for outcome in outcomes
        if outcome.result is Result.STOPPED and audience.hears_of(outcome.target.account)
    )
    stopped = list(priced(heard, prices))
    return len(stopped), sum_of(stopped)
