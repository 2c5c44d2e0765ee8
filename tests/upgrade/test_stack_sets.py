"""Stack sets that an earlier guardian made are brought forward; what waits in the accounts comes to its end."""

from pathlib import Path

import pytest

from guardian.demo.cast import HOME, SANDBOX
from guardian.outcome import Result
from guardian.plan import Action
from guardian.stack.template import fingerprint
from tests.scenario.conftest import (
    Installation,
    cast,
    eventually,
    executions,
    installation,
    server,
    session_status,
    slack_server,
)

__all__ = ["cast", "installation", "server", "slack_server"]  # fixtures of the scenarios

HERE = Path(__file__).parent
FINGERPRINTS = {
    "access": "5bdc23e25ae7822f7e91039c62c77046",
    "sandbox": "605c7cde89a840fad26c835a7d482ce6",
}
"""As the tags of that version had them; what it rendered is in the files beside this one."""
POLICY = f"ou: {SANDBOX}\nmode: stop\nregions: [{HOME}]\nkinds:\n  glue-session: {{grace: 30s}}\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def upgraded(installation: Installation) -> Installation:
    """What the earlier version left: its stack sets in two accounts, and a session whose grace is not over."""
    installation.write(sandbox=POLICY, research="")
    for name in ("access", "sandbox"):
        roll_out_as_before(installation, name)
    return installation


def roll_out_as_before(installation: Installation, name: str) -> None:
    """By the calls of that version: AWS keeps what they were told."""
    cast = installation.cast
    organization = installation.open().world().organization.id
    api = cast.estate.client("cloudformation", HOME)
    tags = {
        "guardian:managed-by": "guardian",
        "guardian:fingerprint": FINGERPRINTS[name],
        "guardian:stops": "yes",
    }
    api.create_stack_set(
        StackSetName=f"guardian-{name}",
        TemplateBody=(HERE / f"guardian-{name}.json")
        .read_text()
        .replace("ORGANIZATION", organization),
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    operation = api.create_stack_instances(
        StackSetName=f"guardian-{name}",
        DeploymentTargets={
            "OrganizationalUnitIds": [cast.ous[SANDBOX]],
            "Accounts": [cast.accounts["ana"], cast.accounts["ben"]],
            "AccountFilterType": "INTERSECTION",
        },
        Regions=[HOME],
    )["OperationId"]

    def done() -> bool:
        asked = {"StackSetName": f"guardian-{name}", "OperationId": operation}
        found = api.describe_stack_set_operation(**asked)["StackSetOperation"]
        return bool(found["Status"] == "SUCCEEDED")

    eventually(done, within=60)


def test_an_earlier_rollout_is_updated_and_nothing_is_taken_away(upgraded: Installation) -> None:
    session = upgraded.cast.person("ana", "ana").open_glue_session("from-before")
    eventually(lambda: executions(upgraded.cast, "ana", "sandbox", "glue-session"), within=60)

    plan = upgraded.plan()
    updates = {
        change.stack_set for change in plan.changes if change.action is Action.UPDATE_STACK_SET
    }
    assert updates == {"guardian-access", "guardian-sandbox"}
    assert {change.action for change in plan.changes} == {Action.UPDATE_STACK_SET}
    assert upgraded.apply().failed == ()
    assert upgraded.plan().changes == ()

    sandbox = {upgraded.cast.accounts[who] for who in ("ana", "ben")}
    assert upgraded.deployed() == {"guardian-access": sandbox, "guardian-sandbox": sandbox}

    # The earlier machine stops it, and this collector reads what it reports.
    def reported() -> list[Result]:
        upgraded.collect()
        return [o.result for o in upgraded.outcomes() if o.id == session]

    assert eventually(reported, within=60) == [Result.STOPPED]
    assert session_status(upgraded.cast, "ana", session) in {"STOPPING", "STOPPED"}


def test_what_opens_after_it_is_stopped_too(upgraded: Installation) -> None:
    session = upgraded.cast.person("ben", "ben").open_glue_session("from-after")

    def reported() -> list[Result]:
        upgraded.collect()
        return [o.result for o in upgraded.outcomes() if o.id == session]

    assert eventually(reported, within=60) == [Result.STOPPED]


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_nobody_edited_what_that_version_rendered(name: str) -> None:
    text = (HERE / f"guardian-{name}.json").read_text().replace("ORGANIZATION", "o-exampleorgid")
    assert fingerprint(text) == FINGERPRINTS[name]
