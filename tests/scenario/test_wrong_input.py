"""Wrong input ends in one clear line a problem, the right exit code, and nothing half-done."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.scenario.conftest import (
    RESEARCH_POLICY,
    SANDBOX_POLICY,
    Installation,
    Run,
    calls,
    forget_calls,
)

FAILED, INPUT, DENIED, UNAVAILABLE = 1, 2, 3, 4
READS = ("Describe", "Get", "List")
WITHIN = 15.0  # seconds

pytestmark = pytest.mark.slow


def assert_refused(run: Run, code: int, *problems: str) -> None:
    """The exit code, one line for each problem, and nothing else."""
    assert (run.code, run.out) == (code, "")
    lines = run.err.splitlines()
    assert len(lines) == len(problems), run.err
    for line, problem in zip(lines, problems, strict=True):
        assert re.fullmatch(f"guardian: .*{problem}.*", line), f"{line!r} tells not: {problem}"


@pytest.fixture(autouse=True)
def _nothing_is_half_done(installation: Installation) -> Iterator[None]:
    """Whatever is refused here, not one call has changed anything."""
    forget_calls(installation.cast.aws)
    yield
    made = [c for c in calls(installation.cast.aws) if "guardian-hub" in c["principal"]]
    assert [c for c in made if not c["operation"].startswith((*READS, "AssumeRole"))] == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["sweep", "--kind", "nonsense"],
            "there is no kind nonsense; there are athena-session, .*",
        ),
        (["sweep", "--account", "nonsense"], "account nonsense is not governed: .*"),
        (["digest", "--since", "nonsense"], "--since: 'nonsense' is not a duration: .*"),
        (["digest", "--channel", "#nowhere"], "no digest goes to #nowhere"),
        (["apply", "--release", "0123456789ab"], "the plan is [0-9a-f]{12} by now, not 0123.*"),
        (["plan", "--config", "nowhere"], "nowhere: there is no such directory"),
        (["run", "--config", "nowhere"], "nowhere: there is no such directory"),
        (["demo", "--output", "/dev/null/demo"], "/dev/null/demo: nothing can be written there"),
    ],
)
def test_a_wrong_argument(installation: Installation, arguments: list[str], problem: str) -> None:
    assert_refused(installation.run(*arguments), INPUT, problem)


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("GUARDIAN_CLOCK", "soon", "GUARDIAN_CLOCK: 'soon' is not origin:scale.*"),
        ("GUARDIAN_HUB_ACOUNT", "1", "GUARDIAN_HUB_ACOUNT: .*did you mean GUARDIAN_HUB_ACCOUNT"),
        ("GUARDIAN_SCHEDULES_SWEEP", "often", "GUARDIAN_SCHEDULES_SWEEP: .*'often'.*"),
        ("SLACK_API_URL", "http://slack.example", "SLACK_API_URL: must begin with https.*"),
        (
            "GUARDIAN_POLICIES",
            "https://example.com",
            "GUARDIAN_POLICIES: .*is not a directory or .*",
        ),
        ("GUARDIAN_POLICIES", "nowhere", "config/nowhere: there is no such directory"),
        ("GUARDIAN_POLICIES", "s3://nowhere/x", "s3://nowhere/x: there is no such bucket"),
        ("GUARDIAN_JOURNAL", "sqlite:////dev/null/db", "/dev/null/db: cannot be opened .*"),
    ],
)
def test_a_wrong_setting(
    installation: Installation, variable: str, value: str, problem: str
) -> None:
    assert_refused(installation.run("status", **{variable: value}), INPUT, problem)


def test_a_journal_that_is_something_else(installation: Installation, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text(
        "This is not a database, and it is long enough to be told from an empty one.\n" * 20
    )
    run = installation.run("status", GUARDIAN_JOURNAL=f"sqlite:///{other}")
    assert_refused(run, INPUT, "notes.txt: cannot be opened as a journal: .*")


@pytest.fixture
def policies(installation: Installation) -> Iterator[Installation]:
    """An installation whose policies are put right again."""
    yield installation
    installation.write(sandbox=SANDBOX_POLICY, research=RESEARCH_POLICY)


@pytest.mark.parametrize(
    "command", [["validate", "--offline"], ["plan"], ["apply", "--yes"], ["run"]]
)
def test_a_typo_in_a_policy(policies: Installation, command: list[str]) -> None:
    policies.write(sandbox=SANDBOX_POLICY.replace("glue-session", "glue-sesion"))
    problem = r"policies/sandbox\.yaml:5:3: .*glue-sesion.*did you mean glue-session"
    assert_refused(policies.run(*command), INPUT, problem)


def test_all_problems_of_all_policies_at_once(policies: Installation) -> None:
    policies.write(
        sandbox=SANDBOX_POLICY.replace("mode: stop", "mode: sotp"),
        research=RESEARCH_POLICY.replace("1h", "soon"),
    )
    problems = (r"research\.yaml:5:25: .*'soon'.*", r"sandbox\.yaml:2:7: .*did you mean stop")
    assert_refused(policies.run("validate"), INPUT, *problems)


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--yes"], ["sweep"]])
def test_an_unknown_ou(policies: Installation, command: list[str]) -> None:
    policies.write(sandbox=SANDBOX_POLICY.replace("/Sandbox", "/Sandbx"))
    problem = r"sandbox\.yaml:1:5: there is no OU /Sandbx; did you mean /Sandbox"
    assert_refused(policies.run(*command), INPUT, problem)


def test_no_credentials(installation: Installation) -> None:
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    assert_refused(installation.run("plan", **none), DENIED, "no usable AWS credentials")


def test_a_permission_that_is_missing(installation: Installation) -> None:
    denied = {"service": "organizations", "error": "AccessDeniedException", "message": "no"}
    installation.cast.aws.post("/localaws/faults", denied)
    assert_refused(installation.run("plan"), DENIED, "organizations:.*AccessDenied.*no")


@pytest.mark.parametrize("command", [["plan"], ["status"], ["run"]])
def test_an_endpoint_that_cannot_be_reached(
    installation: Installation, command: list[str]
) -> None:
    nobody, begun = "http://127.0.0.1:9", time.monotonic()
    run = installation.run(*command, AWS_ENDPOINT_URL=nobody)
    assert_refused(run, UNAVAILABLE, nobody)
    assert time.monotonic() - begun < WITHIN


def test_a_wrong_slack_token(installation: Installation) -> None:
    run = installation.run("digest", "--post", SLACK_BOT_TOKEN="wrong")
    assert_refused(run, DENIED, "the bot token is wrong")
    run = installation.run("digest", "--post", SLACK_BOT_TOKEN="")
    assert_refused(run, INPUT, "SLACK_BOT_TOKEN is not set: .*")


def test_a_slack_channel_that_is_missing(installation: Installation) -> None:
    run = installation.run("digest", "--post", GUARDIAN_SLACK_CHANNEL="#nowhere")
    assert_refused(run, FAILED, "#nowhere: .*invite the bot")
    assert installation.slack.messages() == []


def test_slack_out_of_reach(installation: Installation) -> None:
    run = installation.run("digest", "--post", SLACK_API_URL="http://127.0.0.1:9/api/")
    assert_refused(run, UNAVAILABLE, "Slack cannot be reached")


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_an_apply_that_is_declined(installation: Installation, answer: str) -> None:
    run = installation.run("apply", stdin=answer)
    assert run.code == FAILED
    assert "create stack set" in run.out
    assert installation.deployed() == {}


@pytest.mark.parametrize("module", ["guardian.localaws", "guardian.localslack"])
def test_a_port_in_use(module: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", module, "--port", port]
        run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - our own
    assert (run.returncode, run.stdout) == (INPUT, "")
    assert re.fullmatch(f"local (AWS|Slack): .*{port}.*\n", run.stderr)


def test_a_process_ends_as_the_command_does(installation: Installation) -> None:
    process = installation.start("plan", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    out, err = process.communicate(timeout=WITHIN + 10)
    assert_refused(Run(process.returncode, out, err), UNAVAILABLE, "http://127.0.0.1:9")
