"""What making the hub needs of AWS."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from guardian.ids import AccountId
from guardian.policy.source import PolicyText

Told = Callable[[str], None]
"""Told of progress, a line at a time."""


@dataclass(frozen=True)
class Caller:
    """Whose credentials these are, and the organization that their account is in.

    `complete`: it has all features. `delegated`: the account administers StackSets for the management account.
    """

    account: AccountId
    arn: str
    organization: str
    management_account: AccountId
    complete: bool
    delegated: bool

    @property
    def manages(self) -> bool:
        return self.account == self.management_account


@dataclass(frozen=True)
class Network:
    """A VPC and subnets of it."""

    vpc: str
    subnets: tuple[str, ...]


@dataclass(frozen=True)
class HubStack:
    """The hub's stack as it is. `reason` says what went wrong last, if something did."""

    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    reason: str = ""

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and not self.empty

    @property
    def empty(self) -> bool:
        """Whether it is only the name of a first change set that nobody carried out."""
        return self.status == "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class StackChange:
    """What a change set would do to a resource. `replaced`: another one may take its place."""

    action: str
    name: str
    type: str
    replaced: bool = False


@dataclass(frozen=True)
class Proposal:
    """A change set that waits to be carried out; `creates` the stack or changes it."""

    id: str
    creates: bool
    changes: tuple[StackChange, ...]


@dataclass(frozen=True)
class Uploaded:
    """What became of policies: those that were put, those that were there already, and others that are there too."""

    put: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default_factory=tuple)


class Standing(Protocol):
    """Who is asking, and what the organization lets them do."""

    def caller(self) -> Caller:
        """Raises InputError where there is no organization, AccessDenied, Unavailable."""
        ...

    def trusted(self, caller: Caller) -> bool:
        """Whether StackSets may work in the organization."""
        ...

    def trust(self) -> None:
        """Let StackSets in; for the management account only."""
        ...

    def network(self) -> Network | None:
        """The default VPC and its default subnets, if there is one."""
        ...


class HubStacks(Protocol):
    """The hub's one stack, changed by change sets."""

    def seen(self) -> HubStack | None: ...

    def declared(self, template: str) -> Collection[str]:
        """The names of a template's parameters. Raises Refused where it is none."""
        ...

    def propose(self, template: str, parameters: Mapping[str, str | None]) -> Proposal | None:
        """Make a change set; None where nothing would change. A parameter that is None keeps its value."""
        ...

    def abandon(self, proposal: Proposal) -> None:
        """Forget a change set, and the stack if it is only its name."""
        ...

    def carry_out(self, proposal: Proposal, told: Told) -> HubStack:
        """Execute a change set and wait for the end. Raises Refused with the first thing that failed."""
        ...

    def follow(self, told: Told) -> HubStack:
        """Wait for the end of what is under way. Raises Refused as above."""
        ...


class PolicyShelf(Protocol):
    """Where the daemon reads policies, `s3://bucket/prefix`."""

    def upload(self, place: str, texts: Collection[PolicyText]) -> Uploaded:
        """Put what is not there like this yet. Nothing is deleted. Raises InputError, AccessDenied, Unavailable."""
        ...
