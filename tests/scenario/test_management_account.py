"""The management account is governed like any other: its stacks are plain, what they do is the same."""

import json
import re
from typing import Any

import pytest

from guardian.demo.cast import HOME
from guardian.jobs.sweep import governed_places, sweep_once
from guardian.localaws.world import MANAGEMENT_ACCOUNT
from guardian.outcome import By, Result
from guardian.plan import Action
from guardian.stack import names
from tests.scenario.conftest import ROOT, Installation, calls, eventually, forget_calls
from tests.templates import parsed

POLICY = f"ou: /\nmode: stop\nregions: [{HOME}]\nkinds:\n  glue-session: {{grace: 30s}}\n"
RULE = "guardian-root-glue-session"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(installation: Installation) -> Installation:
    """The management account is to be governed, and the root, in which it is, has a policy."""
    cast = installation.cast
    organization = client(installation, "organizations").describe_organization()["Organization"]
    template = (ROOT / "deploy" / "management.yaml").read_text()
    values = {"OrganizationId": organization["Id"], "HubAccount": MANAGEMENT_ACCOUNT}
    cast.estate.deploy("guardian-management", template, values, HOME)
    settings = installation.directory / "guardian.yaml"
    settings.write_text(settings.read_text() + "management_account: govern\n")
    installation.write(root=POLICY)
    return installation


@pytest.fixture
def managing(told: Installation) -> Installation:
    """Everything is rolled out, whatever the test before left."""
    assert told.run("resume").code == 0
    assert told.apply().failed == ()
    return told


def client(installation: Installation, service: str) -> Any:
    """As an administrator of the management account."""
    return installation.cast.estate.client(service, HOME)


def open_session(installation: Installation, name: str) -> None:
    client(installation, "glue").create_session(
        Id=name,
        Role=f"arn:aws:iam::{MANAGEMENT_ACCOUNT}:role/anybody",
        Command={"Name": "glueetl", "PythonVersion": "3"},
        NumberOfWorkers=5,
        WorkerType="G.1X",
        GlueVersion="4.0",
    )


def status(installation: Installation, session: str) -> str:
    found = client(installation, "glue").get_session(Id=session)["Session"]
    return str(found["Status"])


def stopped(installation: Installation, session: str) -> set[tuple[str, By]]:
    installation.collect()
    return {
        (o.target.account, o.by)
        for o in installation.outcomes()
        if o.id == session and o.result is Result.STOPPED
    }


def left(installation: Installation) -> set[str]:
    stacks = client(installation, "cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in stacks}


def test_it_has_the_policy_and_the_access_and_nothing_is_left_to_plan(
    managing: Installation,
) -> None:
    deployed = managing.deployed()
    assert MANAGEMENT_ACCOUNT in deployed["guardian-root"] & deployed[names.ACCESS]
    assert {"guardian-root", names.ACCESS} <= left(managing)
    assert managing.plan().changes == ()
    shown = json.loads(managing.run("status", "--format", "json").out)
    totals = {stack_set["name"]: stack_set["total"] for stack_set in shown["stack_sets"]}
    assert totals["guardian-root"] == len(deployed["guardian-root"])


def test_a_session_there_is_stopped_by_its_event(managing: Installation) -> None:
    open_session(managing, "forgotten")
    eventually(lambda: status(managing, "forgotten") == "STOPPED", within=30)
    assert eventually(lambda: stopped(managing, "forgotten"), within=30) == {
        (MANAGEMENT_ACCOUNT, By.EVENT)
    }


def test_a_session_whose_event_failed_is_swept_and_the_rule_is_mended(
    managing: Installation,
) -> None:
    events = client(managing, "events")
    events.disable_rule(Name=RULE)
    open_session(managing, "unheard")
    guardian = managing.open()
    governance = guardian.world().governance
    places = [p for p in governed_places(governance) if p.target.account == MANAGEMENT_ACCOUNT]

    def swept() -> set[tuple[str, By]]:
        search = guardian.search()
        sweep_once(guardian.aws.members, guardian.journal, places, search, guardian.now)
        return stopped(managing, "unheard")

    assert eventually(swept, within=30) == {(MANAGEMENT_ACCOUNT, By.SWEEP)}
    (change,) = managing.plan().changes
    assert (change.action, change.reason) == (Action.REPAIR, f"rule disabled: {RULE}")
    assert managing.apply().failed == ()
    assert events.describe_rule(Name=RULE)["State"] == "ENABLED"


def test_every_call_for_its_stacks_is_allowed_by_the_management_stack(
    managing: Installation,
) -> None:
    forget_calls(managing.cast.aws)
    managing.write(root=POLICY.replace("30s", "40s"))
    assert managing.apply().failed == ()
    managing.write(root="")
    assert managing.apply().failed == ()
    managing.write(root=POLICY)
    assert managing.apply().failed == ()
    made = {
        f"{call['service']}:{call['operation']}"
        for call in calls(managing.cast.aws)
        if call["principal"].endswith(":role/guardian-hub")
    }
    needed = {a for a in made if re.fullmatch(r"account:\w+|cloudformation:.*Stacks?(Events)?", a)}
    written = parsed((ROOT / "deploy" / "management.yaml").read_text())["Resources"]["Stacks"]
    statements = written["Properties"]["PolicyDocument"]["Statement"]
    allowed = {a for s in statements if s.get("Effect") == "Allow" for a in s["Action"]}
    assert needed == allowed & needed
    assert needed >= {f"cloudformation:{verb}Stack" for verb in ("Create", "Update", "Delete")}


def test_an_uninstallation_takes_its_stacks_too(managing: Installation) -> None:
    assert managing.run("uninstall", "--yes").code == 0
    assert managing.deployed() == {}
    assert left(managing) == {"guardian-hub", "guardian-management"}
