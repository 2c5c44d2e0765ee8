"""`guardian demo`, once: every step really happened, and what it writes says so."""

import json
import os
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from guardian.demo.cast import ORGANIZATION_CHANNEL
from guardian.demo.story import HOSTILE
from guardian.outcome import Result
from tests.scenario.conftest import FOREIGN

KEYS = {
    "accounts",
    "stack_instances",
    "outcomes",
    "missed_caught",
    "drift",
    "moved",
    "digest",
    "seconds",
}
OUTCOME_KEYS = {
    "outcome",
    "kind",
    "id",
    "account",
    "region",
    "owner",
    "policy",
    "seconds_after_grace",
    "avoided_usd",
}
GRACE_SLACK = 5.0  # real seconds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a demo that went well has written."""
    directory = tmp_path_factory.mktemp("demo")
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    command = [sys.executable, "-m", "guardian", "demo", "--output", str(directory)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=own, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "✗" not in done.stdout
    return directory


@pytest.fixture(scope="module")
def summary(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "summary.json").read_text())
    return found


def test_the_summary_says_what_happened(summary: dict[str, Any]) -> None:
    sys.stdout.write(f"the story took {summary['seconds']} s\n")
    assert summary.keys() == KEYS
    assert summary["accounts"] >= 12
    assert summary["stack_instances"]["current"] == summary["stack_instances"]["total"] > 0
    assert summary["missed_caught"] == 1
    assert summary["drift"] == {"injected": 3, "repaired": 3}
    assert summary["moved"] is True
    assert summary["digest"].keys() == {"channel", "posted", "blocks"}
    assert (summary["digest"]["channel"], summary["digest"]["posted"]) == (
        ORGANIZATION_CHANNEL,
        True,
    )
    assert summary["digest"]["blocks"] > 0


def test_everything_ended_as_its_policy_says(summary: dict[str, Any]) -> None:
    outcomes = summary["outcomes"]
    assert all(outcome.keys() == OUTCOME_KEYS for outcome in outcomes)
    assert Counter(o["outcome"] for o in outcomes) == {
        Result.STOPPED: 7,
        Result.KEPT: 1,
        Result.WOULD_STOP: 1,
    }
    assert {o["kind"] for o in outcomes} == {"glue-session", "sagemaker-notebook", "emr-cluster"}
    assert HOSTILE in {o["id"] for o in outcomes}
    assert all(o["owner"] and o["account"] and o["region"] and o["policy"] for o in outcomes)
    assert all(o["avoided_usd"] > 0 for o in outcomes if o["outcome"] == Result.STOPPED)


def test_what_an_event_announced_is_stopped_soon_after_its_grace(summary: dict[str, Any]) -> None:
    late = [
        o["seconds_after_grace"]
        for o in summary["outcomes"]
        if o["outcome"] == Result.STOPPED and o["id"] != "unannounced"
    ]
    assert len(late) == 6
    assert all(0 <= seconds <= GRACE_SLACK for seconds in late)


def test_the_digest_has_the_same_stops(output: Path, summary: dict[str, Any]) -> None:
    digest = (output / "digest.json").read_text()
    json.loads(digest)
    stopped = [o["id"] for o in summary["outcomes"] if o["outcome"] == Result.STOPPED]
    assert all(json.dumps(identifier, ensure_ascii=False) in digest for identifier in stopped)
    assert (output / "digest.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


class Tags(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_shows_the_hostile_id_as_text(output: Path) -> None:
    page = (output / "slack.html").read_text()
    assert HOSTILE not in page
    assert "<!channel>" not in page
    assert "<b>*free*" not in page
    tags = Tags()
    tags.feed(page)
    assert "<b>*free*</b>" in tags.words
    assert "script" not in tags.elements
