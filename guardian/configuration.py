"""What policies need of a directory, and the world that they make of an organization."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from guardian.aws.regions import all_regions
from guardian.clock import Clock, system_now
from guardian.ids import AccountId
from guardian.organization import ManagementAccount, Organization
from guardian.places import Problem
from guardian.policy.load import parse_policies
from guardian.policy.model import Notify, PolicyFile
from guardian.policy.resolve import Governance, resolve
from guardian.policy.source import PolicyText
from guardian.ports import PolicySource
from guardian.snapshot import read as read_snapshot
from guardian.waves import Waves


@dataclass(frozen=True)
class World:
    """The organization as it is, the policy files, and what they make of it.

    `unasked` says why the regions of some accounts are not known; the governance warns of it too.
    """

    organization: Organization
    governance: Governance
    files: tuple[PolicyFile, ...]
    unasked: Problem | None = None

    @property
    def names(self) -> Mapping[AccountId, str]:
        return {account.id: account.name for account in self.organization.accounts}


@dataclass(frozen=True)
class Configuration:
    """What policies need of a directory: all of it can be read without AWS and without a journal.

    `source` is where the policies are, `notify` what holds where none of them says where digests go, `management`
    whether they hold for the management account, `waves` the order of rollouts.
    """

    directory: Path
    source: PolicySource
    partition: str = "aws"
    notify: Notify = field(default_factory=Notify)
    management: ManagementAccount = ManagementAccount.SKIP
    waves: Waves = field(default_factory=Waves)
    clock: Clock = system_now

    def files(self) -> tuple[PolicyFile, ...]:
        """The policy files as they are now. Raises InputError."""
        return self.parse(self.source.read())

    def parse(
        self, texts: Iterable[PolicyText], organization: Organization | None = None
    ) -> tuple[PolicyFile, ...]:
        """What policy files say, of OUs of the organization if it is known. Raises InputError."""
        return parse_policies(texts, all_regions(self.partition), organization)

    def resolve(
        self, files: tuple[PolicyFile, ...], organization: Organization, today: date
    ) -> World:
        """What files mean in an organization. Raises InputError."""
        governance = resolve(files, organization, today, self.notify, self.management)
        return World(organization, governance, files)

    def world(self, snapshot: Path) -> World:
        """The organization of a snapshot and what the files make of it now. Raises InputError."""
        organization = read_snapshot(snapshot)
        files = self.parse(self.source.read(), organization)
        return self.resolve(files, organization, self.clock().date())
