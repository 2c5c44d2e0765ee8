"""Puts the adapters together and finds out who guardian is in AWS."""

from dataclasses import dataclass

from guardian.aws.account_regions import AwsAccountRegions
from guardian.aws.clients import Clients
from guardian.aws.inbox import AwsInbox
from guardian.aws.members import AwsMembers
from guardian.aws.operations import Wait
from guardian.aws.options import AwsOptions
from guardian.aws.organizations import AwsOrganizations
from guardian.aws.policy_objects import S3PolicySource
from guardian.aws.stack_sets import AwsStackSets
from guardian.aws.stacks import AwsStacks
from guardian.clock import Clock
from guardian.ids import AccountId
from guardian.ports import (
    AccountRegions,
    Inbox,
    Members,
    Organizations,
    PolicySource,
    Stacks,
    StackSets,
)


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
    inbox: Inbox

    def policies_at(self, url: str) -> PolicySource:
        """The policies of `s3://bucket/prefix`."""
        return S3PolicySource(self.clients, url)

    def whoami(self) -> Identity:
        """Raises AccessDenied for missing or expired credentials, Unavailable for an endpoint that does not answer."""
        said = self.clients.identity()
        return Identity(AccountId(str(said["Account"])), str(said["Arn"]))


def connect(options: AwsOptions, now: Clock, wait: Wait) -> Aws:
    """The adapters. Nothing is called yet, so nothing can fail yet.

    `now` must be the system's own clock: STS lives by it. `wait` pauses between looks at an operation for some seconds
    and answers True to be let go, as `threading.Event.wait` does.
    """
    clients = Clients(options, now)
    return Aws(
        clients=clients,
        organizations=AwsOrganizations(clients),
        regions=AwsAccountRegions(clients),
        stack_sets=AwsStackSets(clients, options, wait),
        members=AwsMembers(clients),
        stacks=AwsStacks(clients),
        inbox=AwsInbox(clients, options.queue_url),
    )
