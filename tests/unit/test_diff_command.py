"""`guardian diff`, as people and pipelines run it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from guardian.cli import change as commands
from guardian.documents import pick
from guardian.snapshot import document as snapshot
from guardian.terminal import as_json
from tests.unit.test_diff import WORKLOADS, account, organization


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """Runs `guardian diff` over two directories of which the second has stricter policies."""
    app = typer.Typer()
    app.command("diff")(commands.diff)
    app.command("schema")(commands.schema)
    for name, text in {"old": WORKLOADS, "new": f"{WORKLOADS}mode: stop\n"}.items():
        (tmp_path / name / "policies").mkdir(parents=True)
        (tmp_path / name / "policies" / "workloads.yaml").write_text(text, "utf-8")
    tree = tmp_path / "organization.json"
    tree.write_text(as_json(snapshot(organization(account(1, "/Workloads")))), "utf-8")

    def invoke(old: str, new: str, *options: str) -> Result:
        paths = [str(tmp_path / old), str(tmp_path / new), "--organization", str(tree)]
        return CliRunner().invoke(app, ["diff", *paths, *options])

    return invoke


def test_the_command_tells_the_difference(run: Callable[..., Result]) -> None:
    result = run("old", "new")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "- 1 account under /Workloads (policy workloads): team-1 (000000000001)",
            "  - emr-cluster, glue-session are stopped now, they were only observed (stricter)",
            "",
            "1 of 1 accounts change",
        ],
    )


def test_the_exit_code_tells_whether_there_is_a_difference(run: Callable[..., Result]) -> None:
    assert run("old", "new", "--exit-code").exit_code == 1
    assert run("old", "old", "--exit-code").exit_code == 0


def test_programs_read_the_difference_as_json(run: Callable[..., Result]) -> None:
    found = json.loads(run("old", "new", "--format", "json").output)
    assert pick(found, "accounts.changed") == 1
    assert pick(found, "changed[].accounts[]") == ["000000000001"]
    assert found["changed"][0]["settings"][0] == {
        "name": "kinds.emr-cluster.mode",
        "old": "observe",
        "new": "stop",
        "change": "stricter",
    }
