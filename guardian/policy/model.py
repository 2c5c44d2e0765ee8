"""What a policy says: in one file, and after inheritance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from guardian.ids import AccountId, OuPath, Region, Slug
from guardian.kinds.base import IdleSamples, IdleSince, Kind
from guardian.outcome import Result
from guardian.places import Position
from guardian.policy.hours import Hours

ALL_ENABLED: Final = Region("all-enabled")
"""Stands among regions for all those that are enabled in an account."""


class Mode(StrEnum):
    OBSERVE = "observe"
    STOP = "stop"


@dataclass(frozen=True)
class Exemption:
    """Who is left alone. Every condition that is given must hold; `*` and `?` are wildcards in patterns.

    `origin` is a pattern of what the start request says of its own origin (`GlueStudioNotebook`). `expires` is the
    first day on which it holds no more (UTC).
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""
    accounts: tuple[AccountId, ...] = ()
    id: str = ""
    origin: str = ""
    reason: str = ""
    owner: str = ""
    expires: date | None = None


@dataclass(frozen=True)
class KindSettings:
    """What one file says about a kind; None where it says nothing."""

    mode: Mode | None = None
    grace: timedelta | None = None
    idle: timedelta | None = None
    max_age: timedelta | None = None
    hours: Hours | None = None


ALSO_OUTCOMES: Final = (Result.STOPPED, Result.WOULD_STOP, Result.FAILED)
"""What is told where nobody says which outcomes."""


@dataclass(frozen=True)
class Also:
    """What else is to happen with outcomes. It has one target, the other three are empty.

    `log` is a log group's name, `retention` how long it keeps; `start` a state machine's name, `bus` an ARN. No
    `kinds` are all.
    """

    email: tuple[str, ...] = ()
    log: str = ""
    retention: timedelta = timedelta(days=90)
    start: str = ""
    bus: str = ""
    outcomes: tuple[Result, ...] = ALSO_OUTCOMES
    kinds: tuple[str, ...] = ()


MAX_KEEP: Final = timedelta(days=1)
"""How long something may be kept alive in all where nobody says."""


@dataclass(frozen=True)
class Limits:
    """How much guardian may do under a policy; None where only the brakes of the settings hold."""

    stops_per_sweep: int | None = None


class Quiet(StrEnum):
    """What becomes of a digest that has nothing to tell."""

    SAY = "say"
    SKIP = "skip"


@dataclass(frozen=True)
class Notify:
    """Where and when digests go: a Slack channel, a five-field cron, an IANA time zone.

    `sns` is the ARN of a topic that gets them as text, for mail.
    """

    channel: str = ""
    digest: str = "0 9 * * mon-fri"
    timezone: str = "UTC"
    quiet: Quiet = Quiet.SAY
    sns: str = ""


@dataclass(frozen=True)
class NotifySettings:
    """What one file says about digests and warnings; None where it says nothing."""

    channel: str | None = None
    digest: str | None = None
    timezone: str | None = None
    quiet: Quiet | None = None
    sns: str | None = None
    warn_before: timedelta | None = None
    max_keep: timedelta | None = None


@dataclass(frozen=True)
class PolicyFile:
    """One file as it was written. `ou` is an OU path, or an id (`ou-…`, `r-…`) until it is resolved.

    `locked` are dotted names of settings, each meaning all below it too: `mode`, `kinds`, `kinds.glue-session.grace`.

    `positions` tells where each value stands, by its dotted name: `kinds.glue-session.grace`, `exempt[0].expires`.
    """

    file: str
    slug: Slug
    ou: str
    ou_position: Position
    mode: Mode | None = None
    regions: tuple[Region, ...] | None = None
    kinds: Mapping[str, KindSettings] = field(default_factory=dict)
    exempt: tuple[Exemption, ...] = ()
    hours: Hours | None = None
    notify: NotifySettings = field(default_factory=NotifySettings)
    also: tuple[Also, ...] = ()
    limits: Limits = field(default_factory=Limits)
    locked: tuple[str, ...] = ()
    positions: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What holds for one kind in an account.

    A resource is due when its grace is over and, with `idle`, when it has been idle that long; older than `max_age` it
    is due whatever it does. Outside `hours`, where there are any, nothing is due. `warn_before` is how long before a
    stop its owner is warned, None where nobody is.
    """

    kind: Kind
    mode: Mode
    grace: timedelta
    idle: timedelta | None
    exempt: tuple[Exemption, ...] = ()
    max_age: timedelta | None = None
    hours: Hours | None = None
    warn_before: timedelta | None = None

    @property
    def measured(self) -> IdleSamples | IdleSince | None:
        """How idleness is measured, None where nobody asks for it."""
        return self.kind.idle if self.idle is not None else None


@dataclass(frozen=True)
class Policy:
    """What holds for the accounts whose nearest policy file is `file`: everything inherited, nothing missing.

    `max_keep` is how long a run may be kept alive in all, from when it was due or first kept.
    `regions` are as they were written, `ALL_ENABLED` perhaps: what that means in an account is `Governance.regions`.
    """

    slug: Slug
    ou: OuPath
    file: str
    regions: tuple[Region, ...]
    rules: tuple[Rule, ...]
    notify: Notify = field(default_factory=Notify)
    limits: Limits = field(default_factory=Limits)
    also: tuple[Also, ...] = ()
    max_keep: timedelta = MAX_KEEP
