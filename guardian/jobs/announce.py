"""Posts the digest of a channel, each window exactly once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from guardian.digest import Audience, Digest, Window, begins_week, compose, past_of
from guardian.documents import instant
from guardian.kinds.base import PriceBook
from guardian.ports import Announcer, Journal

FIRST = timedelta(days=1)  # what the first digest of a channel looks back on
SKIPPED = "quiet"  # the reference of a digest that nobody was sent: there was nothing to tell


@dataclass(frozen=True)
class Announced:
    """A digest that is in its channel; `reference` is where, `SKIPPED` for one that had nothing to tell."""

    digest: Digest
    reference: str


@dataclass(frozen=True)
class Desk:
    """What announcing needs: where entries come from, where digests go, and what things cost.

    `spent` tells what governed services really cost in the week before a day.
    """

    journal: Journal
    announcer: Announcer
    prices: PriceBook
    spent: Callable[[date], tuple[str, ...]] = lambda _: ()


def announce_once(
    desk: Desk, audience: Audience, until: datetime, now: datetime
) -> tuple[Announced, ...]:
    """Post what a channel has not been told of up to `until`, when its digest was last due.

    Usually that is one digest or, when the channel has heard all of it, none; after an outage one digest tells all
    that was missed. A window that a crash left claimed is looked for in Slack and finished first. Call it as often as
    you like, one call at a time. Raises AccessDenied, Refused, Unavailable: the window stays due.
    """
    return (*_finish(desk, audience), *_begin(desk, audience, until, now))


def _finish(desk: Desk, audience: Audience) -> Iterator[Announced]:
    for window in desk.journal.unfinished(audience.channel):
        found = desk.announcer.find(audience.channel, key_of(audience.channel, window))
        yield _post(desk, audience, window, found or "")


def _begin(desk: Desk, audience: Audience, until: datetime, now: datetime) -> Iterator[Announced]:
    window = untold(desk.journal, audience, until)
    if window.since < until and desk.journal.claim(audience.channel, window, now):
        yield _post(desk, audience, window, "")


def _post(desk: Desk, audience: Audience, window: Window, resume: str) -> Announced:
    digest = digest_of(desk.journal, audience, window, desk.prices)
    if audience.accounts is None and begins_week(window, audience.timezone):
        digest = replace(digest, spent=desk.spent(window.until.date()))
    if digest.quiet and audience.skips_quiet and not resume:
        reference = SKIPPED
    else:
        key = key_of(audience.channel, window)
        reference = desk.announcer.post(digest, key, resume)
    desk.journal.posted(audience.channel, window, reference)
    return Announced(digest, reference)


def untold(journal: Journal, audience: Audience, until: datetime) -> Window:
    """What an audience has not been told of up to a moment; empty or less where it has been told all."""
    return Window(journal.posted_until(audience.channel) or until - FIRST, until)


def digest_of(journal: Journal, audience: Audience, window: Window, prices: PriceBook) -> Digest:
    """The digest of any window, posted or not."""
    return compose(
        audience,
        window,
        journal.outcomes(window.since, window.until),
        journal.findings(window.since, window.until),
        past_of(audience, window, journal.outcomes, prices),
        prices,
    )


def key_of(channel: str, window: Window) -> str:
    """What a window's digest is posted under: the same after a crash."""
    return f"{channel} {instant(window.until)}"
