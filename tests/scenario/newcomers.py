"""Somebody who begins with guardian, in an account that has nothing of it yet."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.demo.servers import LocalAwsProcess
from guardian.localaws.estate import ADMINISTRATOR, Estate, Keys
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from tests.scenario.conftest import FOREIGN, Run
from tests.scenario.conftest import run as run_guardian

IMAGE = f"{MANAGEMENT_ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/guardian:1.0"
OU = "/Sandbox"


@dataclass(frozen=True)
class Newcomer:
    """Somebody with credentials, an empty directory, and guardian's command line."""

    aws: LocalAwsProcess
    directory: Path
    keys: Keys = field(default=ADMINISTRATOR, repr=False)

    @property
    def estate(self) -> Estate:
        return Estate(self.aws.endpoint)

    def client(self, service: str) -> Any:
        return self.estate.client(service, HOME, self.keys)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
            "AWS_SESSION_TOKEN": self.keys.session_token,
            "AWS_REGION": HOME,
            "AWS_CONFIG_FILE": str(self.directory / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "none"),
        }

    def bootstrap(self, *arguments: str, stdin: str = "") -> Run:
        command = ("bootstrap", *arguments, "--config", str(self.directory))
        return run_guardian(command, self.environment(), stdin)

    def outputs(self) -> Mapping[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName="guardian-hub")[
            "Stacks"
        ]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


@pytest.fixture
def newcomer(
    server: LocalAwsProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Newcomer]:
    """At a local AWS that has nothing yet, and without what the environment says of another."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    yield Newcomer(server, tmp_path / "config")
    server.post("/moto-api/reset", None)


@pytest.fixture
def founded(newcomer: Newcomer) -> Newcomer:
    """In an organization with one OU."""
    newcomer.client("organizations").create_organization(FeatureSet="ALL")
    newcomer.estate.units([OU], HOME)
    return newcomer


def member(newcomer: Newcomer, name: str) -> str:
    """A new account in the sandbox; answers its id."""
    ous = newcomer.estate.units([], HOME)
    api = newcomer.client("organizations")
    (ou,) = api.list_organizational_units_for_parent(ParentId=ous["/"])["OrganizationalUnits"]
    return newcomer.estate.account(name, ou["Id"], ous["/"], HOME)


def statuses(newcomer: Newcomer) -> list[str]:
    """What the stack went through, oldest first."""
    events = newcomer.client("cloudformation").describe_stack_events(StackName="guardian-hub")
    return [
        event["ResourceStatus"]
        for event in reversed(events["StackEvents"])
        if event["LogicalResourceId"] == "guardian-hub"
    ]
