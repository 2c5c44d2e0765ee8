"""The adapters by which the hub is made, with the credentials of whoever makes it."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from guardian.aws.clients import Clients, Maker
from guardian.aws.hub_stacks import AwsHubStacks
from guardian.aws.operations import Wait
from guardian.aws.options import AwsOptions
from guardian.aws.organizations import AwsOrganizations
from guardian.aws.policy_shelf import AwsPolicyShelf
from guardian.aws.regions import partition_of
from guardian.aws.standing import AwsStanding
from guardian.clock import Clock
from guardian.errors import InputError
from guardian.ids import Region
from guardian.ports import Organizations
from guardian.ports.bootstrap import HubStacks, PolicyShelf, Standing


@dataclass(frozen=True)
class Setup:
    """The adapters of one region."""

    organizations: Organizations
    standing: Standing
    stacks: HubStacks
    shelf: PolicyShelf


def connect_setup(region: Region, stack: str, now: Clock, wait: Wait) -> Setup:
    """Nothing is called yet. Raises InputError for what is no region."""
    partition_of(region)
    clients = Clients(AwsOptions(home_region=region), now, Maker())
    return Setup(
        organizations=AwsOrganizations(clients),
        standing=AwsStanding(clients),
        stacks=AwsHubStacks(clients, stack, wait),
        shelf=AwsPolicyShelf(clients),
    )


def region_of(environment: Mapping[str, str]) -> Region:
    """The region that the environment or the profile names. Raises InputError where neither does."""
    said = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if said:
        return Region(said)
    try:
        configured = Session().get_config_variable("region")
    except BotoCoreError as error:
        raise InputError(f"the AWS configuration cannot be read: {error}") from error
    if not configured:
        raise InputError(
            "in which region is the hub to be? Set AWS_REGION=eu-west-1, for instance"
        )
    return Region(str(configured))
