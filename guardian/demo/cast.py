"""Who and what the demo is about: the organization, and the settings guardian is given in it."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guardian.app import Guardian, open_guardian
from guardian.bundle import bundled
from guardian.demo.servers import LocalAwsProcess
from guardian.localaws.estate import Estate, Keys
from guardian.localaws.people import Person
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.localslack.server import LocalSlack

HOME, AWAY = "eu-west-1", "us-east-1"
ORGANIZATION_CHANNEL, TEAM_CHANNEL = "#cloud-costs", "#data-costs"
SANDBOX, RESEARCH = "/Sandbox", "/Workloads/Data Science/Research"
OUS = (
    SANDBOX,
    "/Workloads",
    "/Workloads/Data Science",
    RESEARCH,
    "/Workloads/Data Science/Production",
    "/Workloads/Platform",
)
ACCOUNTS: Mapping[str, str] = {
    "sandbox-ana": SANDBOX,
    "sandbox-ben": SANDBOX,
    "sandbox-cleo": SANDBOX,
    "sandbox-closed": SANDBOX,
    "research-fraud": RESEARCH,
    "research-prices": RESEARCH,
    "ml-production": "/Workloads/Data Science/Production",
    "data-shared": "/Workloads/Data Science",
    "platform-tools": "/Workloads/Platform",
    "platform-build": "/Workloads/Platform",
    "legacy": "/Workloads",
    "security-audit": "/",
}
SUSPENDED = "sandbox-closed"
TOKEN = "xoxb-local"  # noqa: S105  any such token is good for local Slack
APP_TOKEN = "xapp-local"  # noqa: S105  this one for its socket


@dataclass(frozen=True)
class Cast:
    """The local organization: its AWS, the ids of its OUs and accounts by name, and the hub's queue."""

    aws: LocalAwsProcess
    estate: Estate
    ous: Mapping[str, str]
    accounts: Mapping[str, str]
    queue_url: str

    def person(self, name: str, account: str, region: str = HOME) -> Person:
        return Person(self.estate, name, self.accounts[account], region)

    def move(self, account: str, source: str, destination: str) -> None:
        """Move an account to another OU, as an administrator would."""
        self.estate.client("organizations", HOME).move_account(
            AccountId=self.accounts[account],
            SourceParentId=self.ous[source],
            DestinationParentId=self.ous[destination],
        )

    def hub_keys(self) -> Keys:
        """The credentials that ECS would give the daemon."""
        return self.estate.assume(MANAGEMENT_ACCOUNT, "guardian-hub", "guardian", HOME)


def build(aws: LocalAwsProcess, count: int) -> Cast:
    """Make the organization with `count` member accounts, and the hub's stack."""
    estate = Estate(aws.endpoint)
    organization = estate.organization(HOME)
    ous = estate.units(OUS, HOME)
    more = {f"sandbox-{number:03}": SANDBOX for number in range(len(ACCOUNTS) + 1, count + 1)}
    accounts = {
        name: estate.account(name, ous[ou], ous["/"], HOME)
        for name, ou in {**ACCOUNTS, **more}.items()
    }
    estate.client("organizations", HOME).close_account(AccountId=accounts[SUSPENDED])
    template = (bundled("deploy") / "hub.yaml").read_text()
    outputs = estate.deploy("guardian-hub", template, {"OrganizationId": organization}, HOME)
    return Cast(aws, estate, ous, accounts, outputs["QueueUrl"])


def hire(cast: Cast, slack: LocalSlack, directory: Path) -> Guardian:
    """Guardian with the example policies, its credentials and settings in this process's environment."""
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(bundled("config") / "policies", directory / "policies")
    (directory / "guardian.yaml").write_text(
        f"""\
home_region: {HOME}
hub:
  account: "{MANAGEMENT_ACCOUNT}"
  queue_url: {cast.queue_url}
journal: sqlite:///{directory.resolve()}/guardian.db
brakes: {{stop_share: 1}}
slack:
  channel: "{ORGANIZATION_CHANNEL}"
"""
    )
    os.environ.update(environment(cast, slack))
    return open_guardian(directory)


def environment(cast: Cast, slack: LocalSlack) -> Mapping[str, str]:
    """What the daemon's container would be given."""
    keys = cast.hub_keys()
    return {
        "AWS_ENDPOINT_URL": cast.aws.endpoint,
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_SESSION_TOKEN": keys.session_token,
        "AWS_DEFAULT_REGION": HOME,
        "GUARDIAN_CLOCK": f"{cast.aws.origin}:{cast.aws.scale}",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": slack.endpoint,
    }
