"""The example of docs/how-to/add-a-kind.md is a kind that works."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import guardian.kinds
from guardian.documents import pick
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds, default_kinds
from guardian.kinds.base import Kind
from guardian.policy.model import Mode, Rule
from guardian.prices import load_prices, saving
from guardian.stack.state_machine import definition
from guardian.verdict import Keep, Sighting, Stop, judge
from tests.unit.aws_model import objections
from tests.unit.kind_checks import CHECKS, answered
from tests.unit.policies import policy

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-kind.md").read_text("utf-8")
KEY = "emr-serverless-job-run"
MODULE = "emr_serverless_job_run"
TARGET = Target(AccountId("111122223333"), Region("us-east-1"))
AFTERWARDS = datetime(2026, 11, 23, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    """The example as a file among the kinds."""
    (code,) = blocks("python")
    (tmp_path / f"{MODULE}.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(guardian.kinds, "__path__", [*guardian.kinds.__path__, str(tmp_path)])
    all_kinds.cache_clear()
    yield all_kinds()[KEY]
    monkeypatch.undo()
    sys.modules.pop(f"guardian.kinds.{MODULE}", None)
    all_kinds.cache_clear()


@pytest.fixture
def answers() -> Any:
    return json.loads(blocks("json")[1])


def test_a_file_among_the_kinds_is_a_kind(kind: Kind) -> None:
    assert kind.key == KEY
    assert KEY not in default_kinds()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_example_keeps_to_what_aws_knows(kind: Kind, check: Callable[[Kind], None]) -> None:
    check(kind)


def test_the_sample_event_tells_its_id(kind: Kind) -> None:
    detail = json.loads(blocks("json")[0])
    (start,) = kind.starts
    assert (start.event_source, *start.names) == (detail["eventSource"], detail["eventName"])
    assert kind.told_by(start, detail) == ("00f1cbsc6anuij25/00fbfel40ee59k09",)


def test_the_sample_answers_are_such_as_aws_gives(kind: Kind, answers: Any) -> None:
    assert objections(answers["run"], answered(kind, "run")) == []


def test_the_example_is_stopped_unless_it_is_a_streaming_job(kind: Kind, answers: Any) -> None:
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    sighting = Sighting("00f1/00fb", TARGET, answers)
    assert isinstance(judge(kind, rule, sighting, AFTERWARDS), Stop)
    answers["run"]["JobRun"]["Mode"] = "STREAMING"
    assert isinstance(judge(kind, rule, sighting, AFTERWARDS), Keep)


def test_the_example_has_a_price_and_a_state_machine(kind: Kind, answers: Any) -> None:
    facts = {name: pick(answers, path) for name, path in kind.facts.items()}
    assert saving(KEY, facts, TARGET.region, load_prices()).usd
    made = policy(kinds=(kind,))
    assert "cancelJobRun" in definition(made.slug, made.rules[0])


def test_the_page_names_the_files_as_they_are_called() -> None:
    named = re.findall(r"tests/unit/test_kinds_\w+\.py", PAGE)
    assert named
    assert all((Path(__file__).parents[2] / name).exists() for name in named)
