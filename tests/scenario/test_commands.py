"""The commands: help, JSON, exit codes, and which of them change anything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from guardian.cli import COMMANDS, app
from guardian.demo.cast import HOME, SANDBOX
from tests.scenario.conftest import (
    RESEARCH_POLICY,
    Installation,
    calls,
    eventually,
    forget_calls,
    session_status,
)

FAILED, CHANGES, HELD = 1, 2, 5
NO_DELETES = {"GUARDIAN_BRAKES_DELETE_SHARE": "0", "GUARDIAN_BRAKES_DELETE_MINIMUM": "0"}
READS = ("Describe", "Get", "List", "LookupEvents", "AssumeRole")
REPORTS = (
    ("kinds",),
    ("validate",),
    ("validate", "--offline"),
    ("explain", "ana"),
    ("explain", "master"),
    ("policies",),
    ("plan",),
    ("plan", "--all"),
    ("status",),
    ("digest",),
    ("prices",),
    ("costs",),
    ("sweep", "--observe"),
)

pytestmark = pytest.mark.slow


def commands() -> dict[str, TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = {name: group.get_command(typer.Context(group), name) for name in COMMANDS}
    return {n: c for n, c in found.items() if isinstance(c, TyperCommand)}


def test_the_commands_are_those_of_the_design() -> None:
    about_policies = {"validate", "explain", "policies", "diff", "schema", "organization"}
    reports = {"plan", "digest", "status", "kinds"}
    assert commands().keys() >= about_policies | reports | {"apply", "sweep", "run", "demo"}
    assert commands().keys() >= {"pause", "resume", "uninstall"}


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_has_help(installation: Installation, name: str) -> None:
    shown = installation.run(name, "--help")
    assert (shown.code, shown.err) == (0, "")
    command = commands()[name]
    assert command.help
    assert command.help.partition("\n")[0] in " ".join(shown.out.split())
    silent = [p.name for p in command.params if not getattr(p, "help", "")]
    assert silent == []


def test_a_snapshot_stands_for_aws(governed: Installation, tmp_path: Path) -> None:
    snapshot = tmp_path / "organization.json"
    assert governed.run("organization", "--export", str(snapshot)).code == 0
    forget_calls(governed.cast.aws)
    explained = governed.run("explain", "ana", "--organization", str(snapshot), "--format", "json")
    assert json.loads(explained.out)["policy"] == "sandbox"
    for command in ("validate", "policies"):
        assert governed.run(command, "--organization", str(snapshot)).code == 0
    assert calls(governed.cast.aws) == []


def test_a_snapshot_that_cannot_be_written_is_one_line(
    governed: Installation, tmp_path: Path
) -> None:
    run = governed.run("organization", "--export", str(tmp_path))
    assert (run.code, run.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("command", REPORTS, ids=" ".join)
def test_a_report_is_json_for_programs_and_changes_nothing(
    governed: Installation, command: tuple[str, ...]
) -> None:
    before, posted = governed.deployed(), governed.slack.messages()
    forget_calls(governed.cast.aws)
    run = governed.run(*command, "--format", "json")
    assert (run.code, run.err) == (0, ""), run.out
    assert isinstance(json.loads(run.out), dict | list)
    table = governed.run(*command)
    assert (table.code, table.err) == (0, "")
    assert table.out
    made = [c for c in calls(governed.cast.aws) if "role/guardian-" in c["principal"]]
    assert [c for c in made if not c["operation"].startswith(READS)] == []
    assert (governed.deployed(), governed.slack.messages()) == (before, posted)


@pytest.fixture
def without_research(governed: Installation) -> Iterator[Installation]:
    """The policy of research is gone, and still deployed."""
    governed.write(research="")
    yield governed
    governed.write(research=RESEARCH_POLICY)
    assert governed.apply().failed == ()


def test_a_plan_says_by_its_exit_code_whether_there_are_changes(
    without_research: Installation,
) -> None:
    assert without_research.run("plan", "--detailed-exitcode").code == CHANGES
    assert without_research.run("plan").code == 0
    assert without_research.run("apply", "--yes").code == 0
    nothing = without_research.run("plan", "--detailed-exitcode")
    assert (nothing.code, "Nothing to do" in nothing.out) == (0, True)
    again = without_research.run("apply", "--yes", "--format", "json")
    assert (again.code, json.loads(again.out)["changes"]) == (0, [])


def test_a_held_plan_goes_when_it_is_released_by_its_id(without_research: Installation) -> None:
    before = without_research.deployed()
    held = without_research.run("apply", "--yes", "--format", "json", **NO_DELETES)
    document = json.loads(held.out)
    assert held.code == HELD
    assert "would delete 2 of" in document["held"]
    assert without_research.deployed() == before
    shown = without_research.run("apply", "--yes", **NO_DELETES)
    assert shown.code == HELD
    assert f"guardian apply --release {document['id']}" in shown.out
    released = without_research.run("apply", "--yes", "--release", document["id"], **NO_DELETES)
    assert released.code == 0
    assert "guardian-research" not in without_research.deployed()


def test_an_account_without_the_member_role_is_told_and_the_rest_goes_on(
    governed: Installation,
) -> None:
    cast = governed.cast
    late = cast.estate.account("late", cast.ous[SANDBOX], cast.ous["/"], HOME)
    assert governed.apply().failed == ()
    session = unannounced_session(governed)
    admin = cast.estate.assume(late, "OrganizationAccountAccessRole", "admin", HOME)
    iam = cast.estate.client("iam", HOME, admin)
    for policy in iam.list_role_policies(RoleName="guardian-member")["PolicyNames"]:
        iam.delete_role_policy(RoleName="guardian-member", PolicyName=policy)
    iam.delete_role(RoleName="guardian-member")
    run = governed.run("sweep", "--format", "json", GUARDIAN_SWEEP_MARGIN="0s")
    swept = json.loads(run.out)
    assert run.code == FAILED
    assert {trouble["account"] for trouble in swept["troubles"]} == {late}
    assert swept["findings"] == []  # a finding only when it is so three times in a row
    assert [done["id"] for done in swept["outcomes"] if done["outcome"] == "stopped"] == [session]
    events = json.loads(governed.run("status", "--format", "json").out)["events"]
    assert {e["account"]: e["missed"] for e in events}[cast.accounts["ana"]] == 1
    cast.estate.client("organizations", HOME).close_account(AccountId=late)


def unannounced_session(governed: Installation) -> str:
    """A session of ana's that is due, and that no event told of."""
    cast = governed.cast
    place = {"account": cast.accounts["ana"], "region": HOME}
    cast.aws.post("/localaws/trail", {"logging": False, **place})
    session = cast.person("ana", "ana").open_glue_session("unannounced")
    assert eventually(lambda: session_status(cast, "ana", session) == "READY")
    return session
