"""Puts guardian together: the only place that knows which adapter stands behind which port."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from guardian.aws.connect import Aws, connect
from guardian.aws.options import AwsOptions
from guardian.aws.regions import all_regions
from guardian.brakes import Brakes
from guardian.clock import ScaledClock, system_now
from guardian.digest import Audience
from guardian.errors import InputError
from guardian.ids import AccountId
from guardian.jobs.announce import Desk
from guardian.jobs.reconcile import Fleet
from guardian.jobs.sweep import Search
from guardian.journal import open_journal
from guardian.kinds.base import PriceBook
from guardian.organization import Organization
from guardian.policy.load import load_policies
from guardian.policy.model import Notify, PolicyFile
from guardian.policy.resolve import Governance, resolve
from guardian.ports import Journal
from guardian.prices import load_prices
from guardian.settings import CallAs, Settings, load_settings
from guardian.slack.client import SlackAnnouncer
from guardian.snapshot import read as read_snapshot
from guardian.stack import names

POLICIES = "policies"
PRICES = "prices.yaml"


@dataclass(frozen=True)
class World:
    """The organization as it is and what the policies make of it."""

    organization: Organization
    governance: Governance

    @property
    def names(self) -> Mapping[AccountId, str]:
        return {account.id: account.name for account in self.organization.accounts}


@dataclass(frozen=True)
class Guardian:
    """Everything a command or the daemon needs; `stopping` lets go whoever waits."""

    directory: Path
    settings: Settings
    aws: Aws
    journal: Journal
    prices: PriceBook
    stopping: Event

    def now(self) -> datetime:
        return self.settings.clock()

    def files(self) -> tuple[PolicyFile, ...]:
        """The policy files as they are now. Raises InputError."""
        regions = all_regions(names.partition_of(self.settings.home_region))
        return load_policies(self.directory / POLICIES, regions)

    def world(self, snapshot: Path | None = None) -> World:
        """The organization, of AWS or of a snapshot, and what the policy files make of it now.

        Raises InputError, AccessDenied, Unavailable.
        """
        files = self.files()
        organization = read_snapshot(snapshot) if snapshot else self.aws.organizations.read()
        today = self.now().date()
        return World(organization, resolve(files, organization, today, self.settings.notify))

    def fleet(self, organization: Organization) -> Fleet:
        return Fleet(
            self.aws.stack_sets,
            self.aws.stacks,
            self._hub(organization),
            self.settings.home_region,
        )

    def _hub(self, organization: Organization) -> names.Hub:
        hub = self.settings.hub
        partition = names.partition_of(hub.region)
        return names.Hub(
            account=hub.account,
            bus_arn=f"arn:{partition}:events:{hub.region}:{hub.account}:event-bus/{hub.bus}",
            principal=f"arn:{partition}:iam::{hub.account}:role/{hub.role}",
            organization=organization.id,
            member_role=self.settings.member_role,
        )

    @property
    def brakes(self) -> Brakes:
        limits = self.settings.brakes
        return Brakes(limits.delete_share, limits.delete_minimum, limits.stops_per_sweep)

    def search(self, *, observe: bool = False) -> Search:
        """How a sweep that begins now goes about it."""
        return Search(
            margin=self.settings.sweep_margin,
            most=self.settings.brakes.stops_per_sweep,
            wait=self.pause,
            trace=f"sweep {self.now():%Y-%m-%dT%H:%M:%SZ}",
            observe=observe,
            halted=self.stopping.is_set,
        )

    def pause(self, span: timedelta) -> None:
        """Let `span` of guardian's time pass, less when it is told to stop."""
        self.stopping.wait(span.total_seconds() * self.scale)

    @property
    def scale(self) -> float:
        """What a real wait is multiplied by; 1 except on a local AWS that runs faster."""
        clock = self.settings.clock
        return clock.scale if isinstance(clock, ScaledClock) else 1.0

    def desk(self) -> Desk:
        """Raises InputError where no Slack token is set."""
        return Desk(self.journal, self.announcer(), self.prices)

    def announcer(self) -> SlackAnnouncer:
        slack = self.settings.slack
        if not slack.token:
            raise InputError("SLACK_BOT_TOKEN is not set: digests have nowhere to go")
        return SlackAnnouncer(slack.token, slack.api)


@dataclass(frozen=True)
class Edition:
    """An audience and when its digests are due."""

    audience: Audience
    notify: Notify


def editions(world: World, notify: Notify) -> Iterator[Edition]:
    """One for the whole organization, one for each channel that a policy names for itself."""
    if notify.channel:
        yield Edition(Audience(notify.channel, None, world.names), notify)
    accounts: dict[Notify, set[AccountId]] = {}
    policies = {policy.slug: policy for policy in world.governance.policies}
    for account, slug in world.governance.policy_of.items():
        accounts.setdefault(policies[slug].notify, set()).add(account)
    for own, members in sorted(accounts.items(), key=lambda item: item[0].channel):
        if own.channel and own.channel != notify.channel:
            yield Edition(Audience(own.channel, frozenset(members), world.names), own)


def open_guardian(
    directory: Path, environment: Mapping[str, str] = os.environ, stopping: Event | None = None
) -> Guardian:
    """Guardian as a directory and the environment configure it. Raises InputError.

    No AWS call is made yet, except that reading the settings of boto3 may find them wrong.
    """
    settings = load_settings(directory, environment)
    event = stopping or Event()
    override = directory / PRICES
    return Guardian(
        directory=directory,
        settings=settings,
        aws=connect(_options(settings), system_now, event.wait),
        journal=open_journal(settings.journal, settings.clock),
        prices=load_prices(override if override.is_file() else None),
        stopping=event,
    )


def _options(settings: Settings) -> AwsOptions:
    clock = settings.clock
    delegated = settings.call_as is CallAs.DELEGATED_ADMIN
    return AwsOptions(
        home_region=settings.home_region,
        member_role=settings.member_role,
        prefix=names.PREFIX,
        call_as="DELEGATED_ADMIN" if delegated else "SELF",
        hub_account=settings.hub.account,
        queue_url=settings.hub.queue_url,
        poll=timedelta(seconds=0.1 if isinstance(clock, ScaledClock) else 2),
    )
