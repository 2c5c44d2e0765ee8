"""A digest as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from guardian.ids import AccountId
from guardian.outcome import By, Finding, Outcome
from guardian.policy.model import Exemption
from guardian.prices import CENT, Saving


@dataclass(frozen=True, order=True)
class Window:
    """since <= moment < until."""

    since: datetime
    until: datetime

    @property
    def before(self) -> "Window":
        """The window of the same length that ends where this one begins."""
        return Window(self.since - (self.until - self.since), self.since)


@dataclass(frozen=True)
class Audience:
    """Who reads a digest: a Slack channel or a topic's ARN, and the accounts it is told of; None for all of them.

    `exemptions` are those that hold in these accounts, `timezone` an IANA name. `skips_quiet` is whether nobody is
    told when there is nothing to tell.
    """

    channel: str
    accounts: frozenset[AccountId] | None = None
    names: Mapping[AccountId, str] = field(default_factory=dict)
    timezone: str = "UTC"
    exemptions: tuple[Exemption, ...] = ()
    skips_quiet: bool = False

    def hears_of(self, account: AccountId | None) -> bool:
        """Whether an entry concerns it; what concerns no account in particular concerns everybody."""
        return self.accounts is None or account is None or account in self.accounts


@dataclass(frozen=True)
class Money:
    """A sum in USD of what is known, and of how many nothing is known."""

    usd: Decimal = Decimal(0)
    unknown: int = 0

    def __add__(self, other: "Money") -> "Money":
        return Money(self.usd + other.usd, self.unknown + other.unknown)


@dataclass(frozen=True)
class Priced:
    outcome: Outcome
    saving: Saving


@dataclass(frozen=True)
class Row:
    """One account, owner or kind; `more` counts those that a last row stands for."""

    name: str
    stopped: int
    avoided: Money
    more: int = 0


@dataclass(frozen=True)
class Breakdown:
    """The same stops in three ways, the dearest first: ten rows at most, and one for the rest."""

    kinds: tuple[Row, ...] = ()
    accounts: tuple[Row, ...] = ()
    owners: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Mean:
    """What a window of this length came to on average over the `days` before it; 0 days where there was nothing."""

    stopped: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    days: int = 0


@dataclass(frozen=True)
class Keeper:
    """By whom, and why, so many were kept alive; `more` counts those that a last one stands for."""

    owner: str
    reason: str
    kept: int
    more: int = 0


@dataclass(frozen=True)
class Noticed:
    """A finding, the last of `times` that say the same."""

    finding: Finding
    times: int


@dataclass(frozen=True)
class Expiring:
    """An exemption that ends in so many days; `news` is whether this window is one that has to tell."""

    exemption: Exemption
    expires: date
    days: int
    news: bool


@dataclass(frozen=True)
class Digest:
    """`stopped` and `would_stop` are the dearest first, all else is the oldest first.

    `days` has every day of the window in the time zone, with the avoided cost by kind. `spent` are sentences about real
    costs, once a week.
    """

    channel: str
    window: Window
    timezone: str
    names: Mapping[AccountId, str]
    stopped: tuple[Priced, ...]
    would_stop: tuple[Priced, ...]
    kept: tuple[Outcome, ...]
    failed: tuple[Outcome, ...]
    gone: int
    findings: tuple[Noticed, ...]
    expiring: tuple[Expiring, ...]
    previous: Row
    mean: Mean
    stopped_by: Breakdown
    would_by: Breakdown
    kept_by: tuple[Keeper, ...]
    days: Mapping[date, Mapping[str, Decimal]]
    spent: tuple[str, ...] = ()

    @cached_property
    def avoided(self) -> Money:
        return sum_of(self.stopped)

    @cached_property
    def would_avoid(self) -> Money:
        return sum_of(self.would_stop)

    @property
    def missed(self) -> int:
        """How many of the stopped no event announced."""
        return sum(priced.outcome.by is By.SWEEP for priced in self.stopped)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing that anybody has to know."""
        news = any(expiring.news for expiring in self.expiring)
        return not (self.stopped or self.would_stop or self.failed or self.findings or news)


def sum_of(priced: tuple[Priced, ...] | list[Priced]) -> Money:
    """What is known, to the cent, and of how many nothing is."""
    amounts = [p.saving.usd for p in priced]
    known = [usd for usd in amounts if usd is not None]
    return Money(sum(known, Decimal(0)).quantize(CENT), len(amounts) - len(known))
