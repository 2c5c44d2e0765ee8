"""An organization as it is: its tree of OUs and its accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from guardian.ids import AccountId, OuId, OuPath


class AccountState(StrEnum):
    """AWS's account states."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"


@dataclass(frozen=True)
class Account:
    id: AccountId
    name: str
    state: AccountState
    ou: OuPath

    @property
    def active(self) -> bool:
        """Whether anything can be done in it."""
        return self.state is AccountState.ACTIVE


@dataclass(frozen=True)
class Organization:
    """`ous` maps every OU's path, the root's `/` included, to its id."""

    id: str
    management_account: AccountId
    ous: Mapping[OuPath, OuId]
    accounts: tuple[Account, ...] = field(default_factory=tuple)
