"""Policies for all enabled regions: what accounts have enabled is asked for, and a refusal breaks nothing."""

from collections.abc import Iterator

import pytest

from guardian.configuration import World
from guardian.daemon import open_daemon
from guardian.demo.cast import HOME
from guardian.ids import AccountId, Region
from guardian.organization import ENABLED_BY_DEFAULT
from guardian.outcome import About
from tests.scenario.conftest import (
    SANDBOX_POLICY,
    Installation,
    calls,
    eventually,
    forget_calls,
)

ACCOUNT_MANAGEMENT = "account.amazonaws.com"
SPAIN = Region("eu-south-2")
EVERYWHERE = SANDBOX_POLICY.replace(f"[{HOME}]", "all-enabled")

pytestmark = pytest.mark.slow


@pytest.fixture
def trusted(installation: Installation) -> Iterator[Installation]:
    """Account Management may be asked of the whole organization, and ana has one region more than others."""
    installation.write(sandbox=EVERYWHERE)
    organizations = installation.cast.estate.client("organizations", HOME)
    organizations.enable_aws_service_access(ServicePrincipal=ACCOUNT_MANAGEMENT)
    api = installation.cast.estate.client("account", HOME)
    which = {"AccountId": installation.cast.accounts["ana"], "RegionName": SPAIN}
    api.enable_region(**which)
    eventually(lambda: api.get_region_opt_status(**which)["RegionOptStatus"] == "ENABLED")
    yield installation
    organizations.disable_aws_service_access(ServicePrincipal=ACCOUNT_MANAGEMENT)
    installation.write(sandbox=SANDBOX_POLICY)


def regions(installation: Installation, world: World, who: str) -> set[Region]:
    return set(world.governance.regions[AccountId(installation.cast.accounts[who])])


def asked(installation: Installation) -> bool:
    return any(call["operation"] == "ListRegions" for call in calls(installation.cast.aws))


def test_an_account_is_governed_in_every_region_that_it_enabled(trusted: Installation) -> None:
    world = trusted.open().world()
    assert regions(trusted, world, "ana") == ENABLED_BY_DEFAULT | {SPAIN}
    assert regions(trusted, world, "ben") == ENABLED_BY_DEFAULT
    assert world.unasked is None


def test_a_region_that_an_account_did_not_enable_is_left_out_there(trusted: Installation) -> None:
    trusted.write(sandbox=SANDBOX_POLICY.replace(f"[{HOME}]", f"[{HOME}, {SPAIN}]"))
    world = trusted.open().world()
    assert regions(trusted, world, "ana") == {HOME, SPAIN}
    assert regions(trusted, world, "ben") == {HOME}


def test_nobody_is_asked_while_policies_name_only_regions_that_all_have(
    trusted: Installation,
) -> None:
    forget_calls(trusted.cast.aws)
    trusted.write(sandbox=SANDBOX_POLICY)
    trusted.open().world()
    assert not asked(trusted)
    trusted.write(sandbox=EVERYWHERE)
    trusted.open().world()
    assert asked(trusted)


def test_a_refusal_is_a_warning_and_a_finding_and_regions_of_every_account_hold(
    installation: Installation,
) -> None:
    installation.write(sandbox=EVERYWHERE)
    run = installation.run("validate")
    assert run.code == 0
    assert "must first enable trusted access" in run.out + run.err

    daemon = open_daemon(installation.open())
    for _ in range(2):
        assert regions(installation, daemon.policies.current(), "ana") == ENABLED_BY_DEFAULT
    (found,) = [f for f in installation.findings() if f.about is About.ACCESS]
    assert found.subject == "regions"
    assert "must first enable trusted access" in found.reason
    installation.write(sandbox=SANDBOX_POLICY)
