"""`guardian render` and `guardian iam`: what goes into an account, shown before anybody lets it in."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from guardian.app import hub_of, open_configuration
from guardian.cli import app
from guardian.errors import InputError
from guardian.kinds import all_kinds
from guardian.settings import load_settings
from guardian.snapshot import document as snapshot
from guardian.stack.access import access_template
from guardian.stack.template import template
from guardian.terminal import as_json
from tests.unit.policies import HUB, policy, tree

SETTINGS = f"""\
home_region: eu-west-1
hub:
  account: "{HUB.account}"
  queue_url: https://sqs.eu-west-1.amazonaws.com/{HUB.account}/guardian
"""
LAB = "ou: /Lab\nmode: stop\nregions: [eu-west-1]\nkinds: {glue-session: {}, emr-cluster: {}}\n"
DESK = "ou: /Desk\nregions: [eu-west-1]\nkinds: {athena-session: {}}\n"
IN_LAB, IN_DESK, IN_NONE = "000000000002", "000000000003", "000000000004"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A directory with two policies and, beside it, the organization they are for."""
    directory = tmp_path / "config"
    (directory / "policies").mkdir(parents=True)
    (directory / "guardian.yaml").write_text(SETTINGS, "utf-8")
    (directory / "policies" / "lab.yaml").write_text(LAB, "utf-8")
    (directory / "policies" / "desk.yaml").write_text(DESK, "utf-8")
    organization = tree(["/Lab", "/Desk", "/None"])
    (tmp_path / "organization.json").write_text(as_json(snapshot(organization)), "utf-8")
    return directory


@pytest.fixture
def run(config: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command with the snapshot; a call of AWS would go to nobody."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    where = ("--config", str(config), "--organization", str(config.parent / "organization.json"))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, *where])

    return invoke


def shown(result: Result) -> str:
    assert result.exit_code == 0, result.exception
    return result.output


def refused(result: Result) -> str:
    assert isinstance(result.exception, InputError)
    return str(result.exception)


def permissions(statements: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Actions and what they are on, in any account and region."""
    found = set()
    for statement in statements:
        where = statement["Resource"]
        where = where["Fn::Sub"] if isinstance(where, dict) else where
        for pseudo in ("AccountId", "Region"):
            where = where.replace(f"${{AWS::{pseudo}}}", "*")
        where = where.replace("${AWS::Partition}", "aws").replace("-sandbox-", "-*-")
        found |= {(action, where) for action in statement["Action"]}
    return found


def test_what_is_rendered_is_what_would_be_deployed(
    run: Callable[..., Result], config: Path
) -> None:
    world = open_configuration(config).world(config.parent / "organization.json")
    hub = hub_of(load_settings(config, {}), world.organization)
    (lab,) = (each for each in world.governance.policies if each.slug == "lab")
    assert shown(run("render", "--policy", "lab")) == template(lab, hub) + "\n"
    assert (
        shown(run("render", "--access")) == access_template(world.governance.policies, hub) + "\n"
    )


def test_an_account_shows_the_template_of_the_policy_that_governs_it(
    run: Callable[..., Result],
) -> None:
    lab = shown(run("render", "--policy", "lab"))
    assert shown(run("render", "--account", IN_LAB)) == lab
    assert shown(run("render", "--account", IN_DESK)) != lab


def test_yaml_means_the_same_as_json(run: Callable[..., Result]) -> None:
    text = shown(run("render", "--policy", "lab", "--format", "yaml"))
    assert yaml.safe_load(text) == json.loads(shown(run("render", "--policy", "lab")))
    assert len(text.splitlines()) > 50


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "say one of --policy NAME, --account ID and --access"),
        (("--policy", "lab", "--access"), "say one of --policy NAME, --account ID and --access"),
        (("--policy", "labs"), "there is no policy labs; there are desk, lab"),
        (("--account", "999999999990"), "account 999999999990 is not governed: it is not in the"),
        (("--account", IN_NONE), f"account {IN_NONE} is not governed: no policy"),
    ],
)
def test_what_cannot_be_rendered_is_told(
    run: Callable[..., Result], arguments: tuple[str, ...], problem: str
) -> None:
    assert problem in refused(run("render", *arguments))


def test_the_roles_of_all_kinds_are_told_without_a_configuration() -> None:
    roles = json.loads(shown(CliRunner().invoke(app, ["iam", "--format", "json"])))
    assert len(roles) == 1 + len(all_kinds())
    member, *stoppers = (permissions(role["policy"]["Statement"]) for role in roles)
    made = json.loads(access_template([policy()], HUB))["Resources"]["MemberRole"]
    (inline,) = made["Properties"]["Policies"]
    assert member == permissions(inline["PolicyDocument"]["Statement"])
    deployed = json.loads(template(policy(), HUB))["Resources"]
    for kind, stopper in zip(all_kinds().values(), stoppers, strict=True):
        title = "".join(part.title() for part in kind.key.split("-"))
        (inline,) = deployed[f"{title}Role"]["Properties"]["Policies"]
        assert stopper == permissions(inline["PolicyDocument"]["Statement"])


def test_only_governed_kinds_are_told_of_and_what_is_observed_is_not_stopped(
    run: Callable[..., Result],
) -> None:
    roles = json.loads(shown(run("iam", "--format", "json")))
    assert [role["role"].rpartition("*-")[2] for role in roles] == [
        "guardian-member",
        "athena-session",
        "emr-cluster",
        "glue-session",
    ]
    text = json.dumps(roles)
    assert "glue:StopSession" in text
    assert "athena:GetSession" in text
    assert "athena:TerminateSession" not in text
    assert "sagemaker" not in text


def test_every_statement_has_an_id_of_its_own_and_is_valid(run: Callable[..., Result]) -> None:
    for role in json.loads(shown(run("iam", "--format", "json"))):
        statements = role["policy"]["Statement"]
        ids = [statement["Sid"] for statement in statements]
        assert len(set(ids)) == len(ids)
        assert all(sid.isalnum() for sid in ids)
        assert len(json.dumps(role["policy"], separators=(",", ":"))) < 10_240
        assert all("{" not in statement["Resource"] for statement in statements)


def test_people_read_what_each_permission_is_for(run: Callable[..., Result]) -> None:
    lines = shown(run("iam")).splitlines()
    at = lines.index("guardian-*-*-glue-session: the state machines of glue-session")
    assert lines[at + 1 : at + 4] == [
        "  to see its state, tags, age and whether it is idle",
        "    glue:GetTags",
        "      on *",
    ]
    assert "  to stop what is due" in lines[at:]
    assert "  to find out who started something" in lines[:at]
