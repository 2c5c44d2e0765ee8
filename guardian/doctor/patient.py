"""The installation that is examined. What several checks need is asked once; what fails is asked again."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from guardian.app import Guardian, World, hub_of, open_guardian
from guardian.aws.connect import Identity
from guardian.clock import Clock, system_now
from guardian.desire import DesiredState, desire
from guardian.doctor.sample import sample
from guardian.errors import GuardianError
from guardian.ids import AccountId
from guardian.kinds.base import Call
from guardian.organization import Account, Organization
from guardian.plan import DeployedStackSet
from guardian.ports import Bot, HubQueue
from guardian.settings import Settings, load_settings, variables
from guardian.stack.names import ACCESS

AT_ONCE = 8
FORGOTTEN = "sqlite:///:memory:"
WHO = Call("sts", "GetCallerIdentity", {})
"""What a session of the member role may do that only shows that there can be one."""


@dataclass(frozen=True)
class Patient:
    """A directory of settings in an environment; `sampled` is how many accounts stand for all.

    `clock` is the system's: it is what is compared with that of AWS.
    """

    directory: Path
    environment: Mapping[str, str] = field(repr=False)
    sampled: int = 5
    clock: Clock = system_now

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.directory, self.environment)

    @cached_property
    def guardian(self) -> Guardian:
        """Its adapters. Its journal is not the real one: that this cannot be opened must not hide all else."""
        elsewhere = {variables()["journal"]: FORGOTTEN}
        return open_guardian(self.directory, {**self.environment, **elsewhere})

    @cached_property
    def identity(self) -> Identity:
        return self.guardian.aws.whoami()

    @cached_property
    def queue(self) -> HubQueue:
        return self.guardian.aws.hub_parts.queue()

    @cached_property
    def organization(self) -> Organization:
        return self.guardian.aws.organizations.read()

    @cached_property
    def world(self) -> World:
        """What the policies mean in the organization."""
        return self.guardian.resolve(self.guardian.configuration.files(), self.organization)

    @cached_property
    def deployed(self) -> Mapping[str, DeployedStackSet]:
        return {each.name: each for each in self.guardian.aws.stack_sets.observe()}

    @cached_property
    def desired(self) -> DesiredState:
        world, settings = self.world, self.settings
        hub = hub_of(settings, world.organization)
        return desire(world.governance, world.organization, hub, settings.home_region)

    @property
    def entered(self) -> frozenset[AccountId]:
        """The accounts that the member role was rolled out to."""
        access = self.deployed.get(ACCESS)
        return frozenset(i.target.account for i in access.instances) if access else frozenset()

    @cached_property
    def sample(self) -> tuple[Account, ...]:
        """A few governed accounts with the member role, others each day."""
        world = self.world
        there = self.entered & world.governance.policy_of.keys() - {self.settings.hub.account}
        accounts = (a for a in world.organization.accounts if a.active and a.id in there)
        return sample(accounts, self.sampled, self.clock().toordinal())

    @cached_property
    def visits(self) -> Mapping[AccountId, GuardianError | None]:
        """Why the member role of each sampled account could not be assumed, None where it could."""
        accounts = [account.id for account in self.sample]
        with ThreadPoolExecutor(AT_ONCE, "doctor") as pool:
            return dict(zip(accounts, pool.map(self._visit, accounts), strict=True))

    def _visit(self, account: AccountId) -> GuardianError | None:
        try:
            self.guardian.aws.members.visit(account, (WHO,))
        except GuardianError as error:
            return error
        return None

    @cached_property
    def bot(self) -> Bot:
        return self.guardian.slack_app.bot()

    @property
    def channels(self) -> tuple[str, ...]:
        """The Slack channels that the settings and policies name."""
        notified = [self.settings.notify, *(p.notify for p in self.world.governance.policies)]
        return tuple(sorted({notify.channel for notify in notified if notify.channel}))
