"""What a policy says: in one file, and after inheritance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from guardian.ids import AccountId, OuPath, Region, Slug
from guardian.kinds.base import Kind


class Mode(StrEnum):
    OBSERVE = "observe"
    STOP = "stop"


@dataclass(frozen=True)
class Position:
    """A place in a policy file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Exemption:
    """Who is left alone. Every condition that is given must hold; `*` and `?` are wildcards in patterns.

    `expires` is the first day on which it holds no more (UTC).
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    principal: str = ""
    accounts: tuple[AccountId, ...] = ()
    id: str = ""
    reason: str = ""
    owner: str = ""
    expires: date | None = None


@dataclass(frozen=True)
class KindSettings:
    """What one file says about a kind; None where it says nothing."""

    mode: Mode | None = None
    grace: timedelta | None = None
    idle: timedelta | None = None


@dataclass(frozen=True)
class Notify:
    """Where and when digests go: a Slack channel, a five-field cron, an IANA time zone."""

    channel: str = ""
    digest: str = "0 9 * * mon-fri"
    timezone: str = "UTC"


@dataclass(frozen=True)
class NotifySettings:
    """What one file says about digests; None where it says nothing."""

    channel: str | None = None
    digest: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class PolicyFile:
    """One file as it was written. `ou` is an OU path, or an id (`ou-…`, `r-…`) until it is resolved.

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
    notify: NotifySettings = field(default_factory=NotifySettings)
    positions: Mapping[str, Position] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What holds for one kind in an account."""

    kind: Kind
    mode: Mode
    grace: timedelta
    idle: timedelta | None
    exempt: tuple[Exemption, ...] = ()


@dataclass(frozen=True)
class Policy:
    """What holds for the accounts whose nearest policy file is `file`: everything inherited, nothing missing."""

    slug: Slug
    ou: OuPath
    file: str
    regions: tuple[Region, ...]
    rules: tuple[Rule, ...]
    notify: Notify = field(default_factory=Notify)
