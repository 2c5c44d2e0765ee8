"""Puts the adapters together and finds out who guardian is in AWS."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from guardian.aws.account_regions import AwsAccountRegions
from guardian.aws.begun import Begun
from guardian.aws.clients import Clients, Maker
from guardian.aws.cost_explorer import AwsCostExplorer
from guardian.aws.drift import AwsDriftDetection
from guardian.aws.hub_parts import AwsHubParts
from guardian.aws.inbox import AwsInbox
from guardian.aws.mail import AwsMail
from guardian.aws.management_account import WithManagementAccount
from guardian.aws.members import AwsMembers
from guardian.aws.operations import Wait
from guardian.aws.options import AwsOptions
from guardian.aws.organizations import AwsOrganizations
from guardian.aws.plain_stacks import PlainStacks
from guardian.aws.policy_objects import S3PolicySource
from guardian.aws.price_list import AwsPriceList
from guardian.aws.secrets import AwsSecrets
from guardian.aws.stack_sets import AwsStackSets
from guardian.aws.stacks import AwsStacks
from guardian.aws.table import AwsTable
from guardian.aws.trails import Trails
from guardian.clock import Clock
from guardian.ids import AccountId
from guardian.ports import (
    AccountRegions,
    Announcer,
    CostExplorer,
    DriftDetection,
    HubParts,
    Inbox,
    Members,
    Organizations,
    PolicySource,
    PriceList,
    Stacks,
    StackSets,
    Table,
    TrailLogs,
)

Made = Callable[[AwsOptions], Clients]
"""Makes clients of the same botocore session with other options."""
NOBODYS = AccountId("own account")
ANSWER_OF_MEMBERS = timedelta(seconds=10)
HASTY, PATIENT = timedelta(seconds=4), timedelta(seconds=10)
"""How long a sweep waits for an answer in its first turn through thousands of accounts, and in its second."""
ANSWER_OF_A_BEAT = timedelta(seconds=3)
"""How long a renewal of the lease waits: asked for twice, it is still done before the next."""
ATTEMPTS = 5
"""Where every fourth call fails, as in a bad hour, four attempts still lose one call in 250."""


@dataclass(frozen=True)
class Identity:
    """Whose credentials guardian has."""

    account: AccountId
    arn: str


@dataclass(frozen=True)
class Aws:
    """The adapters of one installation; they share their clients and assumed roles, and may be used by many threads."""

    clients: Clients
    organizations: Organizations
    regions: AccountRegions
    stack_sets: StackSets
    members: Members
    stacks: Stacks
    detection: DriftDetection
    inbox: Inbox
    hub_parts: HubParts
    mail: Announcer
    hasty: Clients

    def policies_at(self, url: str) -> PolicySource:
        """The policies of `s3://bucket/prefix`."""
        return S3PolicySource(self.clients, url)

    def table(self, name: str) -> Table:
        """The DynamoDB table of that name, in the hub."""
        return AwsTable(self.clients, self.hasty, name)

    @property
    def begun(self) -> Begun:
        """The stack set operations that guardian began."""
        return self.clients.begun

    @property
    def secrets(self) -> AwsSecrets:
        return AwsSecrets(self.clients)

    @property
    def price_list(self) -> PriceList:
        return AwsPriceList(self.clients)

    @property
    def trails(self) -> TrailLogs:
        """A look that begins now: what trails select is remembered in it."""
        return Trails(self.clients)

    @property
    def cost_explorer(self) -> CostExplorer:
        return AwsCostExplorer(self.clients)

    def whoami(self) -> Identity:
        """Raises AccessDenied for missing or expired credentials, Unavailable for an endpoint that does not answer."""
        said = self.clients.identity()
        return Identity(AccountId(str(said["Account"])), str(said["Arn"]))


def connect(options: AwsOptions, now: Clock, wait: Wait) -> Aws:
    """The adapters. Nothing is called yet, so nothing can fail yet.

    `now` must be the system's own clock: STS lives by it. `wait` pauses between looks at an operation for some seconds
    and answers True to be let go, as `threading.Event.wait` does.
    """
    made = partial(Clients, now=now, maker=Maker())
    clients = made(options)
    inside = partial(_inside, made, options)
    return Aws(
        clients=clients,
        organizations=AwsOrganizations(clients),
        regions=AwsAccountRegions(clients),
        stack_sets=_stack_sets(clients, made, options, wait),
        members=AwsMembers(inside(HASTY), inside(PATIENT)),
        stacks=AwsStacks(inside(ANSWER_OF_MEMBERS)),
        detection=AwsDriftDetection(clients, options, wait),
        inbox=AwsInbox(clients, options.queue_url),
        hub_parts=AwsHubParts(clients, options),
        mail=AwsMail(clients),
        hasty=made(replace(options, answer_within=ANSWER_OF_A_BEAT, attempts=2)),
    )


def _stack_sets(clients: Clients, made: Made, options: AwsOptions, wait: Wait) -> StackSets:
    stack_sets = AwsStackSets(clients, options, wait)
    if not options.management_role:
        return stack_sets
    there = made(replace(options, member_role=options.management_role))
    return WithManagementAccount(stack_sets, clients, options, PlainStacks(there, options, wait))


def _inside(made: Made, options: AwsOptions, answer_within: timedelta) -> Clients:
    """Who sweeps and mends: where the hub's own account is governed too, there also through the member role."""
    waiting = replace(options, answer_within=answer_within, attempts=ATTEMPTS)
    if not options.management_role:
        return made(waiting)
    # Guardian's own credentials only assume roles here: no account is taken for its own.
    return made(replace(waiting, hub_account=NOBODYS))
