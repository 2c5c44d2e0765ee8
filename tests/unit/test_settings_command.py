"""`guardian settings`: what holds, where it comes from, and no secret."""

import json
import sys
from pathlib import Path

import pytest

from guardian.cli import main
from guardian.environment import VARIABLES
from guardian.settings import load_settings, variables
from guardian.terminal.settings import effective

SETTINGS = """\
home_region: eu-west-1
hub:
  account: "111122223333"
  queue_url: https://sqs.eu-west-1.amazonaws.com/111122223333/guardian
rollout: {waves: [[/Sandbox]]}
"""
SECRET = "xoxb-not-to-be-shown"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [*variables().values(), *VARIABLES.values()]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "guardian.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def shown(
    directory: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, *more: str
) -> str:
    arguments = ["guardian", "settings", "--config", str(directory), *more]
    patch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    return out


def test_each_setting_is_shown_with_where_it_comes_from(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIAN_SCHEDULES_SWEEP", "10m")
    told = json.loads(shown(directory, capsys, monkeypatch, "--format", "json"))["settings"]
    found = {each["name"]: (each["value"], each["source"], each["at"]) for each in told}
    file = f"{directory}/guardian.yaml"
    assert found["hub.account"] == ("111122223333", "file", f"{file}:3:12")
    assert found["rollout.waves"] == ("/Sandbox", "file", f"{file}:5:18")
    assert found["schedules.sweep"] == ("10m", "environment", "GUARDIAN_SCHEDULES_SWEEP")
    assert found["schedules.drift"] == ("6h", "default", None)


def test_a_variable_wins_over_the_line_it_overrides(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARDIAN_HOME_REGION", "us-east-1")
    line = next(
        line
        for line in shown(directory, capsys, monkeypatch).splitlines()
        if line.startswith("home_region")
    )
    assert line.split() == ["home_region", "us-east-1", "GUARDIAN_HOME_REGION"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_secrets_are_masked(
    directory: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", SECRET)
    monkeypatch.setenv("SLACK_APP_TOKEN", SECRET)
    monkeypatch.setenv("SLACK_API_URL", f"https://me:{SECRET}@slack.example/api")
    out = shown(directory, capsys, monkeypatch, "--format", form)
    assert SECRET not in out
    assert "SLACK_BOT_TOKEN" in out
    assert "https://***@slack.example/api/" in out


def test_every_setting_and_every_variable_has_a_row(directory: Path) -> None:
    names = {each.name for each in effective(load_settings(directory, {}).masked(), {})}
    assert variables().keys() | VARIABLES.keys() <= names


def test_what_only_the_environment_says_is_not_taken_for_a_setting_of_the_file() -> None:
    assert not VARIABLES.keys() & variables().keys()
