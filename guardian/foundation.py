"""Puts together what making the hub needs: there is no guardian yet, and often no settings."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from guardian.aws.regions import all_regions, partition_of
from guardian.aws.setup import connect_setup, region_of
from guardian.bundle import bundled
from guardian.clock import system_now
from guardian.errors import InputError
from guardian.ids import AccountId, Region
from guardian.jobs.bootstrap import Tools
from guardian.jobs.bootstrap.steps import STACK
from guardian.organization import Organization
from guardian.policy.load import parse_policies
from guardian.policy.source import DirectorySource, PolicyText, is_policy
from guardian.ports import Organizations
from guardian.settings import FILE, Settings, load_settings, says_all

TEMPLATE = "hub.yaml"


@dataclass(frozen=True)
class Foundation:
    """What a hub is made from: a directory, a region, the template, and the adapters there."""

    directory: Path
    region: Region
    tools: Tools
    organizations: Organizations
    environment: Mapping[str, str] = field(repr=False)

    @property
    def template_file(self) -> Path:
        return bundled("deploy") / TEMPLATE

    @property
    def template(self) -> str:
        return self.template_file.read_text("utf-8")

    @property
    def policies(self) -> Path:
        """Where people write policies; the daemon reads a copy."""
        return self.directory / "policies"

    @property
    def settings_file(self) -> Path:
        return self.directory / FILE

    def settings(self) -> Settings | None:
        """None where there are none yet. Raises InputError for wrong ones."""
        return _settings(self.directory, self.environment)

    def check_account(self, account: AccountId) -> None:
        """Raises InputError where the settings are of another account's hub."""
        settings = self.settings()
        if settings and settings.hub.account != account:
            raise InputError(
                f"{self.settings_file}: hub.account is {settings.hub.account} and these credentials are of {account}: "
                "use that account's, or take the file away (guardian bootstrap writes one)"
            )

    def texts(self) -> tuple[PolicyText, ...]:
        """The policies of the directory, none where there are none yet. Raises InputError."""
        there = self.policies.is_dir() and any(is_policy(p.name) for p in self.policies.iterdir())
        return DirectorySource(self.policies).read() if there else ()

    def check(self, texts: Iterable[PolicyText], organization: Organization) -> None:
        """Raises InputError with all that is wrong with policies."""
        parse_policies(texts, all_regions(partition_of(self.region)), organization)


def open_foundation(
    directory: Path, environment: Mapping[str, str] = os.environ, stack: str = STACK
) -> Foundation:
    """The region is that of the settings, else that of the environment or the profile. Raises InputError."""
    settings = _settings(directory, environment)
    said = environment.get("GUARDIAN_HOME_REGION")
    region = settings.home_region if settings else Region(said or region_of(environment))
    setup = connect_setup(region, stack, system_now, Event().wait)
    return Foundation(
        directory=directory,
        region=region,
        tools=Tools(setup.standing, setup.stacks, setup.shelf),
        organizations=setup.organizations,
        environment=environment,
    )


def _settings(directory: Path, environment: Mapping[str, str]) -> Settings | None:
    if (directory / FILE).exists() or says_all(environment):
        return load_settings(directory, environment)
    return None
