"""The commands about policies where there is no AWS: what they print, how they end, and that they open nothing."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guardian.cli import main
from guardian.places import Position, Problem
from guardian.terminal import problems
from guardian.terminal.problems import Validation

SNAPSHOT = ("--organization", "organization.json")
ORGANIZATION = {
    "id": "o-exampleorgid",
    "management_account": "999999999999",
    "root": "r-ab12",
    "ous": [
        {"id": "ou-ab12-00000001", "path": "/Data"},
        {"id": "ou-ab12-00000002", "path": "/Data/Lab"},
        {"id": "ou-ab12-00000003", "path": "/Data/Team [x]"},
        {"id": "ou-ab12-00000004", "path": "/Legacy"},
    ],
    "accounts": [
        {"id": "111122223333", "name": "lab", "path": "/Data/Lab", "state": "ACTIVE"},
        {"id": "111122223334", "name": "old", "path": "/Legacy", "state": "ACTIVE"},
        {"id": "111122223335", "name": "gone\x1b[2J", "path": "/Data", "state": "SUSPENDED"},
        {"id": "111122223336", "name": "twin", "path": "/Data", "state": "ACTIVE"},
        {"id": "111122223337", "name": "twin", "path": "/Data", "state": "ACTIVE"},
        {"id": "999999999999", "name": "master", "path": "/", "state": "ACTIVE"},
    ],
}
SETTINGS = """\
home_region: eu-west-1
hub: {account: "111122223333", queue_url: https://sqs.eu-west-1.amazonaws.com/1/guardian}
slack: {channel: "#all-costs"}
"""
DATA = """\
ou: /Data
mode: stop
regions: [eu-west-1]
kinds:
  glue-session: {grace: 30m}
  emr-cluster: {mode: observe}
exempt:
  - tags: {guardian: keep}
"""
LAB = """\
ou: /Data/Lab
mode: observe
exempt:
  - id: "lab-*"
    expires: 2020-02-01
"""


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """A working directory with a snapshot and `config/`, where no AWS is within reach."""

    directory: Path
    capture: pytest.CaptureFixture[str]

    def write(self, path: str, text: str) -> None:
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> Run:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["guardian", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        shown = self.capture.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Run(code, shown.out, shown.err)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The endpoint that every AWS call would go to; nobody answers there."""
    for name in os.environ:
        if name.startswith(("AWS_", "GUARDIAN_", "SLACK_")):
            monkeypatch.delenv(name)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


@pytest.fixture
def desk(
    aws: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """Whatever a test does here, nothing was written and nobody was called."""
    monkeypatch.chdir(tmp_path)
    made = Desk(tmp_path, capsys)
    made.write("organization.json", json.dumps(ORGANIZATION))
    made.write("config/guardian.yaml", SETTINGS)
    made.write("config/policies/data.yaml", DATA)
    made.write("config/policies/lab.yaml", LAB)
    yield made
    assert {path.name for path in tmp_path.iterdir()} <= {"organization.json", "config", "empty"}
    with pytest.raises(BlockingIOError):
        aws.accept()


@pytest.mark.parametrize("form", [[], ["--format", "json"]], ids=["text", "json"])
@pytest.mark.parametrize(
    "command",
    [
        ["validate", *SNAPSHOT],
        ["validate", "--offline"],
        ["explain", "lab", *SNAPSHOT],
        ["policies", *SNAPSHOT],
    ],
    ids=" ".join,
)
def test_a_command_without_aws_needs_no_credentials(
    desk: Desk, command: list[str], form: list[str]
) -> None:
    run = desk.run(*command, *form)
    assert (run.code, run.err) == (0, "")
    assert run.out


def test_an_ou_that_is_not_there_is_told_with_all_else_that_is_wrong(desk: Desk) -> None:
    desk.write("config/policies/bad.yaml", "ou: /Datta\nmode: stopp\n")
    errors = desk.run("validate", *SNAPSHOT).err
    assert "bad.yaml:1:5: there is no OU /Datta; did you mean /Data?" in errors
    assert "bad.yaml:2:7: mode: 'stopp'" in errors


def test_a_wave_of_an_ou_that_is_not_there_is_told_before_it_is_rolled_out(desk: Desk) -> None:
    desk.write("config/guardian.yaml", SETTINGS + "rollout: {waves: [[/Legasy], [/]]}\n")
    run = desk.run("validate", *SNAPSHOT)
    assert run.code == 2
    assert "rollout.waves: there is no OU /Legasy; did you mean /Legacy?" in run.err


def test_a_profile_that_does_not_exist_is_no_concern_without_aws(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this-one")
    assert desk.run("policies", *SNAPSHOT).code == 0


def test_no_settings_are_needed_without_aws(desk: Desk) -> None:
    (desk.directory / "config" / "guardian.yaml").unlink()
    for place in ("config", "config/policies"):
        assert desk.run("validate", place, *SNAPSHOT).code == 0
        explained = desk.run("explain", "lab", "--config", place, *SNAPSHOT, "--format", "json")
        digest = {said["name"]: said["value"] for said in explained.json["settings"]}
        assert digest["notify.channel"] == "none"


def test_wrong_settings_are_told_without_aws_too(desk: Desk) -> None:
    desk.write("config/guardian.yaml", "home_region: 7\n" + SETTINGS.partition("\n")[2])
    for command in (["validate", "--offline"], ["policies", *SNAPSHOT]):
        run = desk.run(*command)
        assert run.code == 2
        assert run.err.startswith("guardian: config/guardian.yaml:1:14: home_region: ")


@pytest.mark.parametrize("command", [["validate"], ["explain", "lab"], ["policies"]])
def test_with_aws_the_settings_are_needed(desk: Desk, command: list[str]) -> None:
    (desk.directory / "config" / "guardian.yaml").unlink()
    run = desk.run(*command)
    assert (run.code, run.err) == (2, "guardian: config/guardian.yaml: there is no such file\n")


def test_a_directory_without_any_policy_is_an_error(desk: Desk) -> None:
    (desk.directory / "empty").mkdir()
    run = desk.run("validate", "empty", *SNAPSHOT)
    assert (run.code, run.err) == (2, "guardian: empty/policies: there is no such directory\n")


def test_the_directory_may_be_given_once_or_twice_alike(desk: Desk) -> None:
    for given in (["config"], ["--config", "config"], ["config", "--config", "config"]):
        assert desk.run("validate", *given, "--offline").code == 0
    run = desk.run("validate", "config", "--config", "elsewhere", "--offline")
    assert (run.code, run.out) == (2, "")
    assert "given twice" in run.err


def test_warnings_are_told_and_fail_only_the_strict(desk: Desk) -> None:
    told = "warning: config/policies/lab.yaml:5:14: exempt[0]: expired on 2020-02-01"
    for strict, code in (([], 0), (["--strict"], 1)):
        run = desk.run("validate", *SNAPSHOT, *strict)
        assert (run.code, run.err) == (code, "")
        assert run.out.startswith(told)
        assert run.out.endswith("2 policies are right\n")


def place_of(problem: Any) -> tuple[str, int, int]:
    return problem["file"], problem["line"], problem["column"]


def test_a_warning_is_located_for_programs(desk: Desk) -> None:
    (warning,) = desk.run("validate", *SNAPSHOT, "--format", "json").json["warnings"]
    assert place_of(warning) == ("config/policies/lab.yaml", 5, 14)
    assert warning["message"].startswith("exempt[0]: expired")


def test_errors_are_lines_with_file_line_and_column(desk: Desk) -> None:
    desk.write("config/policies/lab.yaml", LAB.replace("/Data/Lab", "/Data/Lob"))
    run = desk.run("validate", *SNAPSHOT)
    place = "config/policies/lab.yaml:1:5"
    told = f"guardian: {place}: there is no OU /Data/Lob; did you mean /Data/Lab?\n"
    assert (run.code, run.out, run.err) == (2, "", told)


def test_errors_are_one_document_for_programs(desk: Desk) -> None:
    desk.write("config/policies/lab.yaml", LAB.replace("observe", "obsrve"))
    desk.write("config/policies/data.yaml", DATA.replace("30m", "soon"))
    run = desk.run("validate", *SNAPSHOT, "--format", "json")
    assert (run.code, run.err) == (2, "")
    assert run.json["warnings"] == []
    found = [place_of(error) for error in run.json["errors"]]
    assert found == [("config/policies/data.yaml", 5, 25), ("config/policies/lab.yaml", 2, 7)]


def test_an_error_without_a_place_is_a_document_too(desk: Desk) -> None:
    run = desk.run("validate", *SNAPSHOT, "--config", "nowhere", "--format", "json")
    nowhere = {"file": None, "line": None, "column": None}
    assert run.code == 2
    assert run.json["errors"] == [nowhere | {"message": "nowhere: there is no such directory"}]


def test_github_shows_problems_beside_their_lines(desk: Desk) -> None:
    warned = desk.run("validate", *SNAPSHOT, "--format", "github", "--strict")
    assert warned.code == 1
    place = "file=config/policies/lab.yaml,line=5,col=14"
    assert warned.out.startswith(f"::warning {place}::exempt[0]: expired")
    desk.write("config/policies/lab.yaml", LAB.replace("observe", "100%"))
    refused = desk.run("validate", *SNAPSHOT, "--format", "github")
    assert (refused.code, refused.err) == (2, "")
    assert refused.out.startswith("::error file=config/policies/lab.yaml,line=2,col=7::mode: ")
    assert "'100%25'" in refused.out


def test_what_github_would_misread_is_escaped() -> None:
    placed = Problem(Position("a,b:c%.yaml", 1, 2), "50%\r\nof, this: \x1b[2J")
    lines = list(problems.github(Validation(0, errors=(placed, "100%\nwrong"))))
    assert lines == [
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=2::50%25%0D%0Aof, this: ?[2J",
        "::error::100%25%0Awrong",
    ]


def test_an_explanation_names_lines_below_the_directory(desk: Desk) -> None:
    explained = desk.run("explain", "lab", *SNAPSHOT, "--format", "json").json
    assert explained["files"] == ["policies/data.yaml", "policies/lab.yaml"]
    source = {said["name"]: said["source"] for said in explained["settings"]}
    assert source["kinds.glue-session.mode"] == "policies/lab.yaml:2"
    assert source["kinds.glue-session.grace"] == "policies/data.yaml:5"
    assert source["kinds.emr-cluster.grace"] == "default of the kind"
    exempt = [said for said in explained["settings"] if said["name"].startswith("exempt")]
    assert [(said["name"], said["source"]) for said in exempt] == [
        ("exempt[0]", "policies/data.yaml:8"),
        ("exempt[0]", "policies/lab.yaml:4"),
    ]


def test_an_explanation_says_where_an_account_is_governed_in_all_enabled_regions(
    desk: Desk,
) -> None:
    desk.write("config/policies/data.yaml", DATA.replace("[eu-west-1]", "all-enabled"))
    explained = desk.run("explain", "lab", *SNAPSHOT, "--format", "json").json
    assert {"eu-west-1", "us-east-1"} < set(explained["regions"])
    assert "governed in: ap-northeast-1, " in desk.run("explain", "lab", *SNAPSHOT).out


@pytest.mark.parametrize(
    ("account", "problem"),
    [("nobody", "there is no account nobody"), ("twin", "2 accounts are called twin: give an id")],
)
def test_an_account_that_cannot_be_explained(desk: Desk, account: str, problem: str) -> None:
    run = desk.run("explain", account, *SNAPSHOT)
    assert run.code == 2
    assert problem in run.err


def test_an_account_that_is_not_governed_is_explained_by_the_reason(desk: Desk) -> None:
    assert "is not governed: no policy for /Legacy" in desk.run("explain", "old", *SNAPSHOT).out


def test_the_tree_shows_each_policy_where_it_is_said_and_folds_the_rest(desk: Desk) -> None:
    lines = desk.run("policies", *SNAPSHOT).out.splitlines()
    mixed = "observe emr-cluster; stop glue-session"
    assert lines[:4] == [
        "/ · no policy · 1 account, 5 below · … and 1 OU below",
        f"└── Data · policies/data.yaml · {mixed} · 3 accounts, 1 below · … and 1 OU below",
        "    └── Lab · policies/lab.yaml · observe · 1 account",
        "",
    ]


def test_the_whole_tree_shows_every_ou(desk: Desk) -> None:
    shown = desk.run("policies", *SNAPSHOT, "--all").out
    assert "Team [x] · inherits policies/data.yaml · " in shown
    assert "Legacy · no policy · 1 account" in shown
    assert "…" not in shown


def test_accounts_that_nobody_governs_are_told_with_the_reason(desk: Desk) -> None:
    shown = " ".join(desk.run("policies", *SNAPSHOT).out.partition("Not governed")[2].split())
    assert "1 the account is suspended gone?[2J in /Data" in shown
    assert "1 no policy for its OU or one above it old in /Legacy" in shown


def test_the_coverage_is_json_with_every_ou(desk: Desk) -> None:
    found = desk.run("policies", *SNAPSHOT, "--format", "json").json
    ous = {ou.pop("path"): ou for ou in found["ous"]}
    assert ous["/Data/Team [x]"] == {
        "policy": "data",
        "file": "policies/data.yaml",
        "inherited_from": "/Data",
        "modes": {"emr-cluster": "observe", "glue-session": "stop"},
        "accounts": 0,
        "accounts_below": 0,
    }
    assert (ous["/Data/Lab"]["file"], ous["/Data/Lab"]["inherited_from"]) == (
        "policies/lab.yaml",
        None,
    )
    assert (ous["/Legacy"]["policy"], ous["/Legacy"]["modes"]) == (None, {})
    names = {a["name"] for group in found["ungoverned"] for a in group["accounts"]}
    assert names == {"old", "gone\x1b[2J", "master"}
