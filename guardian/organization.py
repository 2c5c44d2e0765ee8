"""An organization as it is: its tree of OUs and its accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from guardian.ids import AccountId, OuId, OuPath, Region

_EVERYWHERE = """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1
    eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
ENABLED_BY_DEFAULT = frozenset(map(Region, _EVERYWHERE.split()))
"""Regions that every account has: AWS lets accounts opt in to all that it opened after March 20, 2019."""


class AccountState(StrEnum):
    """AWS's account states."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"


class ManagementAccount(StrEnum):
    """What becomes of the management account, which service-managed stack sets never reach."""

    SKIP = "skip"
    GOVERN = "govern"


@dataclass(frozen=True)
class Account:
    id: AccountId
    name: str
    state: AccountState
    ou: OuPath
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether anything can be done in it."""
        return self.state is AccountState.ACTIVE


@dataclass(frozen=True)
class Organization:
    """`ous` maps every OU's path, the root's `/` included, to its id.

    `enabled` are the regions an account has enabled, as far as anybody asked.
    """

    id: str
    management_account: AccountId
    ous: Mapping[OuPath, OuId]
    accounts: tuple[Account, ...] = field(default_factory=tuple)
    enabled: Mapping[AccountId, frozenset[Region]] = field(default_factory=dict)

    def regions_of(self, account: AccountId) -> frozenset[Region]:
        """The regions an account has enabled; those of every account where nobody asked."""
        return self.enabled.get(account, ENABLED_BY_DEFAULT)
