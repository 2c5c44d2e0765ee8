"""Puts guardian together: the only place that knows which adapter stands behind which port."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from guardian.aws.connect import Aws, connect
from guardian.aws.options import AwsOptions
from guardian.aws.policy_objects import SCHEME
from guardian.aws.regions import all_regions
from guardian.brakes import Brakes
from guardian.clock import Clock, ScaledClock, system_now
from guardian.costs import governed_query, services_of
from guardian.costs.report import stops_of
from guardian.digest import Audience
from guardian.errors import InputError
from guardian.ids import AccountId
from guardian.jobs.announce import Desk
from guardian.jobs.costs import Payments, week_once
from guardian.jobs.editions import Edition
from guardian.jobs.editions import editions as editions_of
from guardian.jobs.pause import Pause, pausing
from guardian.jobs.reconcile import Fleet
from guardian.jobs.sweep import Search
from guardian.journal import open_existing, open_journal
from guardian.organization import ENABLED_BY_DEFAULT, ManagementAccount, Organization
from guardian.places import Problem
from guardian.policy.load import parse_policies
from guardian.policy.model import Notify, PolicyFile
from guardian.policy.resolve import Governance, resolve
from guardian.policy.source import DirectorySource, PolicyText
from guardian.ports import Acting, Always, Journal, PolicySource, SlackApp
from guardian.prices import PriceTable, load_prices
from guardian.settings import FILE as SETTINGS
from guardian.settings import CallAs, Settings, load_settings, says_all
from guardian.slack.token import Token
from guardian.snapshot import read as read_snapshot
from guardian.stack import names
from guardian.waves import Waves

if TYPE_CHECKING:
    from guardian.slack.client import SlackAnnouncer  # most commands tell nobody
    from guardian.slack.room import SlackRoom

POLICIES = "policies"
PRICES = "prices.yaml"
LATELY = timedelta(days=21)  # more than the two weeks that are compared
TOPICS = "arn:"
"""How the name of an audience begins that is told by mail."""


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


@dataclass(frozen=True)
class Guardian:
    """Everything a command or the daemon needs; `stopping` lets go whoever waits, `acting` tells whether it may act."""

    configuration: Configuration
    settings: Settings
    aws: Aws
    journal: Journal
    stopping: Event
    acting: Acting

    @cached_property
    def prices(self) -> PriceTable:
        """The table of prices, read when something is priced first. Raises InputError."""
        return load_prices(self.prices_file)

    @property
    def prices_file(self) -> Path:
        """Where prices may be that win over the shipped ones."""
        return self.configuration.directory / PRICES

    def now(self) -> datetime:
        return self.settings.clock()

    def world(self) -> World:
        """The organization and what the policy files make of it now. Raises InputError, AccessDenied, Unavailable."""
        files = self.configuration.files()  # first: what is wrong in them is told without AWS
        return self.resolve(files, self.aws.organizations.read())

    def resolve(self, files: tuple[PolicyFile, ...], organization: Organization) -> World:
        """What files mean in an organization, whose accounts' regions are asked for where they matter."""
        now = self.now()
        world = self.configuration.resolve(files, organization, now.date())
        asked = set(_accounts_of_many_regions(world.governance))
        if not asked:
            return world
        told = self.aws.regions.enabled(asked, now)
        known = replace(organization, enabled={**organization.enabled, **told.known})
        world = self.configuration.resolve(files, known, now.date())
        return _warned(world, told.refused) if told.refused else world

    def fleet(self, organization: Organization) -> Fleet:
        return Fleet(
            self.aws.stack_sets,
            self.aws.stacks,
            hub_of(self.settings, organization),
            self.settings.home_region,
            self.journal,
            self.settings.rollout,
            self.stopping.is_set,
        )

    @property
    def brakes(self) -> Brakes:
        return self.settings.brakes

    @property
    def paused(self) -> Pause | None:
        """The pause that holds. Raises Unavailable."""
        return pausing(self.journal)

    def halted(self) -> str:
        """Why nothing may be changed now, empty where it may. Raises Unavailable, AccessDenied, Superseded."""
        self.acting.make_sure()
        return "told to stop" if self.stopping.is_set() else str(self.paused or "")

    def search(self, *, observe: bool = False, whole: bool = True) -> Search:
        """How a sweep that begins now goes about it: one that begins in a pause stops nothing."""
        observe = observe or self.paused is not None
        now = self.now()
        return Search(
            margin=self.settings.sweep_margin,
            most=self.settings.brakes.stops_per_sweep,
            share=self.settings.brakes.share_per_sweep,
            wait=self.pause,
            trace=f"sweep {now:%Y-%m-%dT%H:%M:%SZ}",
            deadline=now + self.settings.sweep_deadline,
            whole=whole,
            observe=observe,
            halted=self.stopping.is_set if observe else self._ended,
            ending=self.stopping.is_set,
        )

    def _ended(self) -> bool:
        return self.stopping.is_set() or self.paused is not None

    def pause(self, span: timedelta) -> None:
        """Let `span` of guardian's time pass, less when it is told to stop."""
        self.stopping.wait(span.total_seconds() * self.scale)

    @property
    def scale(self) -> float:
        """What a real wait is multiplied by; 1 except on a local AWS that runs faster."""
        clock = self.settings.clock
        return clock.scale if isinstance(clock, ScaledClock) else 1.0

    def desk(self, audience: Audience) -> Desk:
        """What telling an audience needs. Raises InputError for a channel where no Slack token is set."""
        mailed = audience.channel.startswith(TOPICS)
        announcer = self.aws.mail if mailed else self.announcer()
        return Desk(self.journal, announcer, self.prices, self._spent)

    def _spent(self, today: date) -> tuple[str, ...]:
        """What the default kinds' services cost in the week before a day, where Cost Explorer tells."""
        now = self.now()
        stops = stops_of(self.journal.outcomes(now - LATELY, now), self.prices)
        query, payments = governed_query(services_of(())), Payments(self.journal, today)
        return week_once(self.aws.cost_explorer, query, stops, payments)

    def reaches(self, audience: Audience) -> bool:
        """Whether there is a way to it: a channel needs a Slack token."""
        return bool(self.settings.slack.token) or audience.channel.startswith(TOPICS)

    def announcer(self) -> "SlackAnnouncer":
        """The one of this guardian, which remembers who is who. Raises InputError where no token is set."""
        if not self.settings.slack.token:
            raise InputError("SLACK_BOT_TOKEN is not set: digests have nowhere to go")
        return self._announcer

    @cached_property
    def bot_token(self) -> Token:
        return Token(self.settings.slack.token, self.aws.secrets.read)

    @cached_property
    def app_token(self) -> Token:
        return Token(self.settings.slack.app_token, self.aws.secrets.read)

    @property
    def slack_app(self) -> SlackApp:
        from guardian.slack.inspection import SlackInspection

        slack = self.settings.slack
        return SlackInspection(self.bot_token, self.app_token, slack.api)

    @cached_property
    def _announcer(self) -> "SlackAnnouncer":
        from guardian.slack.client import SlackAnnouncer

        slack = self.settings.slack
        return SlackAnnouncer(self.bot_token, slack.api, acting=self.acting.check)

    def room(self) -> "SlackRoom":
        """Where people are warned and answered."""
        from guardian.slack.room import SlackRoom

        slack = self.settings.slack
        return SlackRoom(self.bot_token, slack.api, acting=self.acting.check)


def hub_of(settings: Settings, organization: Organization) -> names.Hub:
    """What the templates say of the hub."""
    hub = settings.hub
    partition = names.partition_of(hub.region)
    return names.Hub(
        account=hub.account,
        bus_arn=f"arn:{partition}:events:{hub.region}:{hub.account}:event-bus/{hub.bus}",
        principal=f"arn:{partition}:iam::{hub.account}:role/{hub.role}",
        organization=organization.id,
        member_role=settings.member_role,
    )


def _accounts_of_many_regions(governance: Governance) -> Iterator[AccountId]:
    """Those that may be governed in regions that not every account has."""
    many = {p.slug for p in governance.policies if set(p.regions) - ENABLED_BY_DEFAULT}
    return (account for account, slug in governance.policy_of.items() if slug in many)


def _warned(world: World, refused: Mapping[AccountId, str]) -> World:
    first = min(refused)
    others = f" and {len(refused) - 1:,} more" if len(refused) > 1 else ""
    message = f"nobody knows which regions {first}{others} enabled: {refused[first]}"
    warning = Problem("regions", message)
    warnings = (*world.governance.warnings, warning)
    return replace(world, unasked=warning, governance=replace(world.governance, warnings=warnings))


def editions(world: World, notify: Notify) -> Iterator[Edition]:
    """Who is sent which digest, and when; `notify` is what the settings say."""
    return editions_of(world.governance, world.names, notify)


def open_configuration(
    directory: Path, environment: Mapping[str, str] = os.environ
) -> Configuration:
    """What a directory says of policies. Raises InputError.

    It may lack a guardian.yaml, and be nothing but the directory of the policy files: then defaults hold.
    """
    told = (directory / SETTINGS).exists() or says_all(environment)
    if told or not directory.is_dir():
        return _configuration(directory, load_settings(directory, environment))
    below = directory / POLICIES
    alone = not below.exists() and any([*directory.glob("*.yaml"), *directory.glob("*.yml")])
    return Configuration(directory, DirectorySource(directory if alone else below))


def _configuration(directory: Path, settings: Settings, aws: Aws | None = None) -> Configuration:
    return Configuration(
        directory=directory,
        source=_source(directory, settings, aws),
        partition=names.partition_of(settings.home_region),
        notify=settings.notify,
        management=settings.management_account,
        waves=settings.rollout,
        clock=settings.clock,
    )


def _source(directory: Path, settings: Settings, aws: Aws | None) -> PolicySource:
    """A directory needs no AWS, not even boto3's settings to be right."""
    place = settings.policies
    if place.startswith(SCHEME):
        return (aws or _connect(settings, Event(), Always())).policies_at(place)
    return DirectorySource(directory / place)


def open_guardian(
    directory: Path,
    environment: Mapping[str, str] = os.environ,
    stopping: Event | None = None,
    acting: Acting | None = None,
) -> Guardian:
    """Guardian as a directory and the environment configure it. Raises InputError.

    No AWS call is made yet, except that reading the settings of boto3 may find them wrong, and that a journal in
    DynamoDB is looked at: that may raise AccessDenied and Unavailable, too.
    """
    settings = load_settings(directory, environment)
    event, acts = stopping or Event(), acting or Always()
    aws = _connect(settings, event, acts)
    return Guardian(
        configuration=_configuration(directory, settings, aws),
        settings=settings,
        aws=aws,
        journal=open_journal(settings.journal, settings.clock, aws.table),
        stopping=event,
        acting=acts,
    )


def open_two_journals(
    directory: Path, source: str, target: str, environment: Mapping[str, str] = os.environ
) -> tuple[Journal, Journal]:
    """One that is there, and one that is made where it is a file; both by their URLs, as settings have them."""
    settings = load_settings(directory, environment)
    clock, tables = settings.clock, _connect(settings, Event(), Always()).table
    return open_existing(source, clock, tables), open_journal(target, clock, tables)


def _connect(settings: Settings, event: Event, acting: Acting) -> Aws:
    return connect(_options(settings, event, acting), system_now, event.wait)


def _options(settings: Settings, event: Event, acting: Acting) -> AwsOptions:
    clock = settings.clock
    delegated = settings.call_as is CallAs.DELEGATED_ADMIN
    governed = settings.management_account is ManagementAccount.GOVERN
    return AwsOptions(
        home_region=settings.home_region,
        member_role=settings.member_role,
        prefix=names.PREFIX,
        call_as="DELEGATED_ADMIN" if delegated else "SELF",
        hub_account=settings.hub.account,
        hub_region=settings.hub.region,
        queue_url=settings.hub.queue_url,
        templates=settings.templates,
        management_role=settings.management_role if governed else "",
        poll=timedelta(seconds=0.1 if isinstance(clock, ScaledClock) else 2),
        ending=event.is_set,
        acting=acting.check,
    )
