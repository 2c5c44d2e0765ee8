"""What guardian needs of AWS."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from guardian.costs import CostQuery
from guardian.desire import WantedStackSet
from guardian.documents import Document, Json
from guardian.ids import AccountId, Region, Target
from guardian.kinds.base import Call, Kind
from guardian.offers import Search
from guardian.organization import Organization
from guardian.plan import DeployedStackSet, Purpose
from guardian.policy.source import PolicyText
from guardian.repair import Drift, Expected

Progress = Callable[[int, int], None]
"""Told how many of how many stack instances are done."""


class Organizations(Protocol):
    def read(self) -> Organization:
        """The organization as it is now. Raises AccessDenied, Unavailable."""
        ...


@dataclass(frozen=True)
class EnabledRegions:
    """The enabled regions of the accounts that could be asked of, and why the others could not."""

    known: Mapping[AccountId, frozenset[Region]]
    refused: Mapping[AccountId, str]


class AccountRegions(Protocol):
    def enabled(self, accounts: Iterable[AccountId], now: datetime) -> EnabledRegions:
        """The enabled regions of accounts, at most a day old. Raises Unavailable."""
        ...


class PolicySource(Protocol):
    """Where policies are; what they say is not its business."""

    def read(self) -> tuple[PolicyText, ...]:
        """Every policy there is now, by name.

        Raises InputError where there is none or one cannot be read, AccessDenied, Unavailable.
        """
        ...


class StackSets(Protocol):
    """Guardian's own stack sets. Every operation is waited for; a busy stack set raises Busy."""

    def observe(self) -> tuple[DeployedStackSet, ...]: ...

    def create(self, wanted: WantedStackSet) -> None: ...

    def update(self, wanted: WantedStackSet, progress: Progress) -> Mapping[Target, str]:
        """Bring the stack set and all its instances to the wanted template; answer what failed, by target."""
        ...

    def update_some(
        self,
        wanted: WantedStackSet,
        targets: Iterable[Target],
        purpose: Purpose,
        progress: Progress,
    ) -> Mapping[Target, str]:
        """Bring some instances to the wanted template, or for a retry to the one that the stack set has.

        The others become outdated where the stack set's template changes. Answer what failed, by target.
        """
        ...

    def deploy(
        self, wanted: WantedStackSet, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]: ...

    def withdraw(
        self, name: str, targets: Iterable[Target], progress: Progress
    ) -> Mapping[Target, str]: ...

    def delete(self, name: str) -> None: ...


@dataclass(frozen=True)
class Candidate:
    """What a listing tells of a resource; `read` is what the kind's first read would answer, None for less."""

    id: str
    status: str = ""
    started: datetime | None = None
    read: Json = None


@dataclass(frozen=True)
class Origin:
    """Who started a resource, as CloudTrail's event history tells.

    `origin` is what the start request said of its own origin, "" where it said nothing.
    """

    principals: tuple[str, ...]
    owner: str
    origin: str = ""


class Members(Protocol):
    """Running things in member accounts, through the member role.

    Any call may raise AccessDenied or Unavailable; `look` and `stop` raise NotFound for a resource that is gone.
    """

    def visit(
        self, account: AccountId, calls: Collection[Call], *, patient: bool = False
    ) -> "Members":
        """The same for one account alone, with the right to make these calls and no others; let go of it afterwards.

        A patient visitor waits longer for answers.
        Raises AccessDenied or Unavailable where the member role cannot be assumed: then nothing there can be done.
        """
        ...

    def candidates(self, kind: Kind, target: Target) -> Iterable[Candidate]: ...

    def look(
        self,
        kind: Kind,
        target: Target,
        identifier: str,
        idle: tuple[datetime, datetime] | None,
        told: Json = None,
    ) -> Document:
        """The answers of the kind's reads, by name. `idle` is the window of the idle read, None to leave it out.

        `told` is the answer of the first one where a listing told it already.
        """
        ...

    def origin(
        self, kind: Kind, target: Target, identifier: str, started: datetime
    ) -> Origin | None: ...

    def stop(self, kind: Kind, target: Target, identifier: str) -> None: ...

    def keep(self, kind: Kind, target: Target, identifier: str, until: datetime) -> None:
        """Write the tag that keeps it alive. Raises Refused for a kind of which nobody can tag one, NotFound."""
        ...


class Stacks(Protocol):
    """What guardian's stacks made in a member account, seen and mended through the member role."""

    def forget(self) -> None:
        """Forget what was learned of whole accounts: the next look is at what is there then."""
        ...

    def take_turns(self) -> None:
        """From now on look at everything the first time only, and then at what takes many calls in turn."""
        ...

    def drift(self, expected: Expected, target: Target) -> tuple[Drift, ...]: ...

    def mend(self, expected: Expected, target: Target, drift: Drift) -> None: ...


class DriftDetection(Protocol):
    def detect(self, name: str) -> Mapping[Target, str]:
        """What CloudFormation finds different in the instances of a stack set, or could not look at, by target.

        Empty text where it says no more than that. Raises Busy, AccessDenied, Refused, Unavailable.
        """
        ...


@dataclass(frozen=True)
class Message:
    """A message of the hub's queue; `receipt` acknowledges it, `sent` is when the queue took it."""

    id: str
    body: str
    receipt: str
    sent: datetime


class Inbox(Protocol):
    def receive(self, wait: timedelta) -> tuple[Message, ...]:
        """Up to ten messages, after waiting at most `wait` for the first. Raises AccessDenied, Unavailable."""
        ...

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Take them off the queue; one that stays there is received again."""
        ...


class PriceList(Protocol):
    def offers(self, search: Search) -> Iterable[str]:
        """The offers that fit, each as a JSON text. Raises AccessDenied, NotFound, Refused, Unavailable."""
        ...


class CostExplorer(Protocol):
    def page(self, query: CostQuery, token: str) -> Json:
        """A page of GetCostAndUsage's answer, the first for an empty token. Every call is paid for.

        Raises AccessDenied, Refused, Unavailable.
        """
        ...


@dataclass(frozen=True)
class HubQueue:
    """The hub's queue, and how many messages are in it. `unreadable` is the ARN of its dead-letter queue, or ""."""

    arn: str
    messages: int
    policy: Json
    unreadable: str


@dataclass(frozen=True)
class BusRule:
    """A rule of the hub's bus. `pattern` is its event pattern."""

    name: str
    enabled: bool
    pattern: Json


class HubParts(Protocol):
    """What lies between member accounts and guardian, only looked at. Raises AccessDenied, NotFound, Unavailable."""

    def time(self) -> datetime:
        """What time it is for AWS, to the second; told even where our credentials are refused."""
        ...

    def trusts_stack_sets(self) -> bool:
        """Whether the organization lets StackSets in. Raises AccessDenied, Refused for who may not ask."""
        ...

    def bus_policy(self, bus: str) -> Json:
        """The resource policy of an event bus; None where it has none."""
        ...

    def rules(self, bus: str, queue: str) -> Sequence[BusRule]:
        """The rules of a bus that have a queue, by its ARN, as a target."""
        ...

    def queue(self) -> HubQueue: ...

    def unreadable(self, queue: str) -> tuple[str, int]:
        """The URL of a dead-letter queue by its ARN, and how many messages are in it."""
        ...


class TrailLogs(Protocol):
    def unlogged(self, target: Target, sources: frozenset[str]) -> str:
        """Why no event tells of calls to some of these services; empty where a trail logs them, or may.

        Raises AccessDenied, Unavailable.
        """
        ...
